import { Job } from '../../jobs/job.js';
import { isSettled } from '../../jobs/job-access.js';
import { setOrigin } from '../../jobs/job-engine.js';
import { readJobOptions } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import { isJobData } from '../codec/job-data.js';
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
  /** Where they are counted: not with the jobs of this submitter. */
  readonly books: Books;
}

export interface FoundJob {
  readonly job: ClusterJob;
}

/** Finds jobs again by their ids, whoever submitted them. They settle by their records, which are read every 500 ms. */
export class AttachedJobs {
  readonly #deps: AttachedJobsDeps;

  constructor(deps: AttachedJobsDeps) {
    this.#deps = deps;
  }

  /** Returns the job of that id; `undefined` if Redis has none. In an object, as a job that is returned would be awaited. */
  async find(id: string): Promise<FoundJob | undefined> {
    const { table, redis, keys, sweeper } = this.#deps;
    const known = table.get(id);
    if (known !== undefined) return this.#found(known);
    const [name, data, priority] = await redis.hmget(keys.job(id), 'name', 'data', 'priority');
    const meanwhile = table.get(id);
    if (meanwhile !== undefined) return this.#found(meanwhile);
    if (name == null) return undefined;
    const submission = this.#attach(id, { name, data: parsed(data), priority: Number(priority ?? 0) });
    await sweeper.lookUp([submission]);
    if (!isSettled(submission.job)) sweeper.watch(submission);
    return this.#found(submission);
  }

  #found({ job }: Submission): FoundJob {
    return { job: this.#deps.table.handleOf(job) as ClusterJob };
  }

  #attach(
    id: string,
    record: { readonly name: string; readonly data: unknown; readonly priority: number },
  ): Submission {
    const { table, control, books } = this.#deps;
    const details = isJobData(record.data) ? (record.data.o ?? {}) : {};
    const isExact = details.p !== undefined && toBullPriority(details.p) === record.priority;
    const options = readJobOptions(
      {
        priority: isExact ? details.p : fromBullPriority(Math.max(1, record.priority)),
        name: typeof details.n === 'string' && details.n !== '' ? details.n : undefined,
      },
      'find a job',
    );
    const job = new Job(remoteTask(record.name) as Task, [], options);
    const submission = new Submission(job, { id, books, delayMs: 0, attemptsBefore: details.k ?? 0 });
    setOrigin(job, submission);
    table.attach(submission, new ClusterJob(control, submission));
    books.ledger.refreshClock();
    books.ledger.enter(job, control);
    submission.added();
    return submission;
  }
}

/** Never throws: a record can be written by others. */
function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
