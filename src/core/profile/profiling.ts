import { checkSupported } from '../../base/check/support.js';
import { all } from '../../base/promises.js';
import { settlesWithin } from '../../base/timer.js';
import type { ThreadProfile } from '../../contract/thread-profile.js';
import { OwnProfiler, ThreadProfilers } from '../../host/profiler.js';
import { KeepAlive } from '../keep-alive.js';
import type { PoolSettings } from '../options/options.js';
import type { PoolWorker } from '../pool-worker.js';
import type { IdleReaper } from '../workers/idle-reaper.js';
import type { WorkerSet } from '../workers/worker-set.js';
import { type CpuProfile, mergeProfiles, type ProfilePart } from './cpu-profile.js';

/** Longest wait for the workers' profilers, in ms: a worker in native code is reached only when that returns. */
const START_MS = 1_000;

/** Profiles the thread that runs a worker's jobs, wherever that is. */
interface WorkerProfilers {
  /** Resolves when the worker is profiled, or has ended. */
  start(worker: PoolWorker): Promise<unknown>;
  /** Resolves with `undefined` if there is no profile, or it was lost with the worker. */
  stop(worker: PoolWorker): Promise<ThreadProfile | undefined>;
  exited(worker: PoolWorker): void;
  close(): void;
}

/** What a profile needs of its pool. */
export interface ProfilingDeps {
  readonly workers: WorkerSet;
  readonly reaper: IdleReaper;
}

/** Makes a pool's profile: of the calling thread, and of each worker from its start to its end. */
export class Profiling {
  readonly #kind: PoolSettings['kind'];
  #profilers: WorkerProfilers | undefined;
  #isUnderway = false;
  /** Parts of the workers whose profiling has ended. */
  #parts: ProfilePart[] = [];
  /** Workers that are being profiled. */
  readonly #profiled = new Set<PoolWorker>();

  constructor(kind: PoolSettings['kind']) {
    this.#kind = kind;
  }

  /** @throws what `fn` throws; {Error} if a profile is being made already; {TypeError} on a platform that cannot profile threads. */
  async run(fn: () => unknown, { workers, reaper }: ProfilingDeps): Promise<CpuProfile> {
    if (this.#kind !== 'inline') checkSupported('profiles', `profile of kind '${this.#kind}'`, 'profile');
    if (this.#isUnderway) throw new Error('Cannot profile: this pool is already being profiled');
    this.#isUnderway = true;
    const keepAlive = new KeepAlive();
    keepAlive.ref();
    reaper.pause();
    try {
      return await this.#profile(fn, workers.all);
    } finally {
      this.#profilers?.close();
      this.#profilers = undefined;
      this.#isUnderway = false;
      reaper.resume();
      keepAlive.end();
    }
  }

  /** A worker is being started. */
  workerStarting(worker: PoolWorker): void {
    if (this.#profilers !== undefined) void this.#start(worker);
  }

  workerExited(worker: PoolWorker): void {
    this.#profilers?.exited(worker);
  }

  /** Collects the workers' profiles before the workers are ended. */
  async collect(): Promise<void> {
    const workers = [...this.#profiled];
    this.#profiled.clear();
    const profiles = await all(workers.map((worker) => this.#profilers?.stop(worker)));
    for (const [index, { workerId }] of workers.entries()) {
      const profile = profiles[index];
      if (profile !== undefined) this.#parts.push({ name: `(worker ${workerId})`, profile });
    }
  }

  async #profile(fn: () => unknown, workers: readonly PoolWorker[]): Promise<CpuProfile> {
    this.#parts = [];
    const own = await OwnProfiler.start();
    let ownProfile: ThreadProfile;
    try {
      this.#profilers = await openProfilers(this.#kind);
      await settlesWithin(all(workers.map((worker) => this.#start(worker))), START_MS);
      await fn();
    } finally {
      ownProfile = await own.stop();
      await this.collect();
    }
    return mergeProfiles([{ name: '(main thread)', profile: ownProfile }, ...this.#parts]);
  }

  async #start(worker: PoolWorker): Promise<void> {
    this.#profiled.add(worker);
    await this.#profilers?.start(worker);
  }
}

async function openProfilers(kind: PoolSettings['kind']): Promise<WorkerProfilers | undefined> {
  switch (kind) {
    case 'thread':
      return ofThreads(await ThreadProfilers.open());
    case 'process':
      return OF_PROCESSES;
    case 'inline':
      return undefined; // jobs run on the calling thread
  }
}

function ofThreads(profilers: ThreadProfilers): WorkerProfilers {
  const threadIds = new Map<PoolWorker, number>(); // kept, as a thread that has ended has no id
  return {
    start(worker) {
      threadIds.set(worker, worker.threadId);
      return profilers.start(worker.threadId);
    },
    stop: (worker) => profilers.stop(threadIds.get(worker) ?? -1),
    exited: (worker) => profilers.ended(threadIds.get(worker) ?? -1),
    close: () => profilers.close(),
  };
}

const OF_PROCESSES: WorkerProfilers = {
  start: (worker) => worker.profile('start'),
  stop: (worker) => worker.profile('stop'),
  exited() {}, // its profiler notices by itself
  close() {},
};
