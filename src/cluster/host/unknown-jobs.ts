import { wrongType } from '../../base/check/argument-errors.js';
import { FORMAT } from '../codec/job-data.js';
import type { QueueKeys } from '../redis/keys.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { ClusterHostSettings } from './cluster-host-options.js';
import type { GiveBack } from './give-back.js';
import type { HostRun } from './host-run.js';
import type { KnownHostTask } from './host-tasks.js';

/** How long a job that this host does not know is put back, in ms, and how often. */
const DEFER_MS = 5_000;
const MAX_DEFERS = 20;

export interface UnknownJobsDeps {
  readonly settings: ClusterHostSettings;
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly giveBack: GiveBack;
}

/** Jobs that this host cannot run, by their task or by the version that has added them: another host may know them. */
export class UnknownJobs {
  readonly #deps: UnknownJobsDeps;

  constructor(deps: UnknownJobsDeps) {
    this.#deps = deps;
  }

  /** Returns the task of a job; `undefined` if this host does not run such jobs. */
  taskOf({ bull, data, laterFormat }: HostRun): KnownHostTask | undefined {
    const { tasks, plainJobs } = this.#deps.settings;
    if (laterFormat !== undefined || (data === undefined && !plainJobs)) return undefined;
    return tasks.find(bull.name);
  }

  /**
   * Puts a job back, as while a new version is rolled out. Returns the error with which it fails if that was done too often.
   *
   * @throws what tells BullMQ that the job was put back.
   */
  async putBack(run: HostRun): Promise<Error> {
    const { settings, redis, keys, giveBack } = this.#deps;
    const isDeferred = settings.unknownTask === 'defer';
    const times = isDeferred ? Number(await redis.hincrby(keys.job(run.id), 'tsun', 1)) : MAX_DEFERS + 1;
    if (times <= MAX_DEFERS) return await giveBack.forMs(run, DEFER_MS);
    const { bull, laterFormat } = run;
    if (laterFormat === undefined) return settings.tasks.missing(bull.name);
    const rule = `a later version of thread-system has added it, in format ${laterFormat}; this host reads format ${FORMAT}`;
    return wrongType(`run job '${bull.name}'`, rule);
  }
}
