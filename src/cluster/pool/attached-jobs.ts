import { Job } from '../../jobs/job.js';
import { isSettled } from '../../jobs/job-access.js';
import { setOrigin } from '../../jobs/job-engine.js';
import { readJobOptions } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import { isJobData } from '../codec/job-data.js';
import { type BatchPosition, positionOf } from '../codec/job-id.js';
import { fromBullPriority, toBullPriority } from '../codec/priority.js';
import type { QueueKeys } from '../redis/keys.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import { remoteTask } from '../remote-tasks.js';
import type { ClusterControl } from './cluster-control.js';
import { ClusterJob } from './cluster-job.js';
import type { JobTable } from './job-table.js';
import { type Books, Submission } from './submission.js';
import type { Sweeper } from './sweeper.js';

export interface AttachedJobsDeps {
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly table: JobTable;
  readonly control: ClusterControl;
  readonly sweeper: Sweeper;
  /** Where these jobs are counted: not with the jobs of this submitter. */
  readonly books: Books;
}

/** The part of a job's record that describes the job. */
interface FoundRecord {
  readonly name: string;
  readonly data: unknown;
  readonly priority: number;
  /** In the record of a batch: which of its members. */
  readonly position: BatchPosition | undefined;
}

export interface FoundJob {
  readonly job: ClusterJob;
}

/** Finds jobs from any submitter by their ids. They settle by their records, which are read every 500 ms. */
export class AttachedJobs {
  readonly #deps: AttachedJobsDeps;

  constructor(deps: AttachedJobsDeps) {
    this.#deps = deps;
  }

  /**
   * Returns the job with that id, in an object, as a promise of the job itself would await it; `undefined` if Redis has none.
   */
  async find(id: string): Promise<FoundJob | undefined> {
    const { table, sweeper } = this.#deps;
    const known = table.get(id);
    if (known !== undefined) return this.#found(known);
    const record = (await this.#read(id)) ?? (await this.#readBatch(id));
    const meanwhile = table.get(id);
    if (meanwhile !== undefined) return this.#found(meanwhile);
    if (record === undefined) return undefined;
    const submission = this.#attach(id, record);
    await sweeper.lookUp([submission]);
    if (!isSettled(submission.job)) sweeper.watch(submission);
    return this.#found(submission);
  }

  async #read(id: string): Promise<FoundRecord | undefined> {
    const { redis, keys } = this.#deps;
    const fields = redis.hmget(keys.job(id), 'name', 'data', 'priority');
    const [name, data, priority] = await fields.catch(nothingIfNoHash);
    return name == null
      ? undefined
      : { name, data: parsed(data), priority: Number(priority ?? 0), position: undefined };
  }

  /** Reads the record of the batch, if the id is that of a member. */
  async #readBatch(id: string): Promise<FoundRecord | undefined> {
    const position = positionOf(id);
    const record = position && (await this.#read(position.batchId));
    if (position === undefined || record === undefined || !isJobData(record.data)) return undefined;
    return position.index < (record.data.n ?? 0) ? { ...record, position } : undefined;
  }

  #found({ job }: Submission): FoundJob {
    return { job: this.#deps.table.handleOf(job) as ClusterJob };
  }

  #attach(id: string, record: FoundRecord): Submission {
    const { table, control, books } = this.#deps;
    const details = isJobData(record.data) ? (record.data.o ?? {}) : {};
    const isExact = details.p !== undefined && toBullPriority(details.p) === record.priority;
    const options = readJobOptions(
      {
        priority: isExact ? details.p : fromBullPriority(record.priority),
        name: typeof details.n === 'string' && details.n !== '' ? details.n : undefined,
      },
      'find a job',
    );
    const job = new Job(remoteTask(record.name) as Task, [], options);
    const identify = (each: Submission): string => {
      table.identified(each, id);
      return id;
    };
    const submission = new Submission(job, { identify, books, delayMs: 0, attemptsBefore: details.k ?? 0 });
    if (record.position !== undefined) submission.enterBatch(record.position);
    setOrigin(job, submission);
    table.attach(submission, new ClusterJob(control, submission));
    table.identified(submission, submission.ownId);
    books.ledger.refreshClock();
    books.ledger.enter(job);
    submission.added();
    return submission;
  }
}

/** BullMQ keeps lists and streams of its own under names like those of jobs. @throws any other error of Redis. */
function nothingIfNoHash(error: Error): (string | null)[] {
  if (error.message.startsWith('WRONGTYPE')) return [];
  throw error;
}

/** Never throws: others can write to the record. */
function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
