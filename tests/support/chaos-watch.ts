import { isDeepStrictEqual } from 'node:util';
import { type Job, JobTimeoutError, type PoolMetrics, type ThreadPool, WorkerExitError } from 'thread-system';
import type { JobKindName, Plan } from './chaos-jobs.ts';
import type { Flags } from './flags.ts';

const SETTLED = { jobCompleted: 'COMPLETED', jobFailed: 'FAILED', jobCancelled: 'CANCELLED' } as const;
type SettledEvent = keyof typeof SETTLED;

/** Tasks that give their thread back while they run: on a thread with others, one that does not stop is given up. */
const ASYNC: ReadonlySet<JobKindName> = new Set<JobKindName>([
  ...(['later', 'politeAsync', 'untilAborted', 'deafAsync', 'exitLater', 'failLater', 'uncaught'] as const),
  ...(['locks', 'acquires', 'sends', 'receives', 'family'] as const),
]);

/** A job, and what has been seen of it. */
interface Watched {
  readonly job: Job;
  readonly plan: Plan | undefined;
  /** By which its flags are found. */
  readonly number: number;
  readonly dependsOn: readonly Job[];
  readonly canRetry: boolean;
  readonly events: SettledEvent[];
  /** What `cancel` answered last while it was not settled, and how many attempts there were then. */
  cancelSaid?: boolean;
  attemptsThen?: number;
  promised?: string;
  /** Of its code, where that had not ended when it settled, as its thread was gone. */
  beat?: number;
  /** How far the code of its descendants was when it settled. */
  descendants?: string;
}

/** Holds a pool to its invariants, whatever is done to it. Faults are collected, as listeners must not throw. */
export class ChaosWatch {
  readonly pool: ThreadPool;
  readonly flags: Flags;
  readonly faults: string[] = [];
  readonly late: unknown[] = [];
  readonly #sharesThreads: boolean;
  readonly #watched = new Map<Job, Watched>();
  /** What else must come to an end: waits, readers of progress, maps. */
  readonly #pending = new Map<Promise<unknown>, string>();
  /** How many threads have ended. */
  threadsDied = 0;
  #told = 0;

  /** @param sharesThreads whether several jobs may be open on one thread. */
  constructor(pool: ThreadPool, flags: Flags, sharesThreads: boolean) {
    this.pool = pool;
    this.flags = flags;
    this.#sharesThreads = sharesThreads;
    for (const event of Object.keys(SETTLED) as SettledEvent[])
      pool.on(event, (job) => this.#guard(() => this.#settled(event, job)));
    pool.on('workerExited', () => void this.threadsDied++);
    pool.on('lateError', ({ error }) => this.late.push(error));
  }

  get jobs(): readonly Job[] {
    return [...this.#watched.keys()];
  }

  fault(text: string): void {
    this.faults.push(text);
  }

  add(job: Job, plan: Plan, number: number): void {
    const { dependsOn = [], retry } = plan.options ?? {};
    const known = this.#watched.get(job);
    const watched: Watched = {
      job,
      plan,
      number,
      dependsOn: dependsOn as readonly Job[],
      canRetry: retry !== undefined,
      events: known?.events ?? [],
    };
    this.#watched.set(job, watched);
    if (number % 2 === 0) return; // half of them nobody awaits
    const settled = job.then(
      (value) => this.#promised(watched, 'COMPLETED', value),
      (error) => this.#promised(watched, 'rejected', error),
    );
    this.#pending.set(settled, `the promise of ${describe(job)}`);
    void settled.finally(() => this.#pending.delete(settled));
  }

  /** Something that must end, and not by a rejection, before all is over. */
  expectEnd(promise: Promise<unknown>, what: string): void {
    const guarded: Promise<unknown> = promise
      .catch((error: unknown) => this.fault(`${what} rejected: ${String(error)}`))
      .finally(() => this.#pending.delete(guarded));
    this.#pending.set(guarded, what);
  }

  cancel(job: Job, reason: unknown): void {
    const watched = this.#watched.get(job);
    const { state } = job;
    const said = job.cancel(reason);
    if (watched === undefined || (state !== 'RUNNING' && !said)) return;
    if (watched.cancelSaid === true && !said)
      this.fault(`${describe(job)}: a later cancel answered false, one before true`);
    watched.cancelSaid = said;
    watched.attemptsThen ??= job.attempts;
  }

  /** I2, whenever anybody looks. */
  balance(): PoolMetrics {
    const metrics = this.pool.metrics();
    const { submitted, pending, active, completed, failed, cancelled } = metrics;
    if (pending + active + completed + failed + cancelled !== submitted || pending < 0 || active < 0)
      this.fault(`out of balance: ${JSON.stringify({ submitted, pending, active, completed, failed, cancelled })}`);
    return metrics;
  }

  /** Of the workers that take jobs there are never more than may be. */
  expectAtMost(maxWorkers: number): void {
    const working = this.pool.metrics().workers.filter(({ state }) => state === 'idle' || state === 'busy');
    if (working.length > maxWorkers) this.fault(`${working.length} workers take jobs, of at most ${maxWorkers}`);
  }

  /** I4: of these jobs, all queued at one moment, those begun were begun in that order. */
  expectOrder(jobs: readonly { readonly job: Job; readonly rank: string }[]): void {
    const starts = jobs.map(({ job, rank }) => {
      const number = this.#watched.get(job)?.number ?? -1;
      return { text: `${describe(job)} ${rank}`, start: number < 0 ? 0 : this.flags.start(number) };
    });
    const begun = starts.filter(({ start }) => start > 0);
    for (const [i, { start, text }] of begun.entries()) {
      const before = begun[i - 1];
      if (before !== undefined && before.start > start)
        this.fault(`out of order: ${text} began before ${before.text}: ${start}, ${before.start}`);
    }
  }

  /** Everything that has not come to an end, with where it is. */
  stuck(): string {
    const jobs = [...this.#watched.values()].filter(({ job }) => job.state === 'PENDING' || job.state === 'RUNNING');
    const lines = jobs.slice(0, 20).map(({ job, plan, number }) => {
      const isRunning = number >= 0 && this.flags.isRunning(number);
      const { kind, args, options } = plan ?? {};
      return `${describe(job)} ${kind}(${String(args)}), worker ${job.workerId}, attempts ${job.attempts}, its code runs: ${isRunning}, ${JSON.stringify(options, (key, value) => (key === 'dependsOn' ? value.map(describe) : value))}`;
    });
    const { workers, ...numbers } = this.pool.metrics();
    const { submitted, pending, active, completed, failed, cancelled } = numbers;
    return [
      `${jobs.length} jobs are not settled, ${this.#pending.size} other ends are awaited`,
      ...lines,
      ...[...this.#pending.values()].slice(0, 20),
      JSON.stringify({ submitted, pending, active, completed, failed, cancelled }),
      JSON.stringify(workers),
    ].join('\n');
  }

  /** Resolves when whatever had to end has. */
  async ended(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending.keys());
  }

  /** What holds once the pool is closed. */
  expectClosed(): void {
    const count = { COMPLETED: 0, FAILED: 0, CANCELLED: 0, PENDING: 0, RUNNING: 0 };
    for (const watched of this.#watched.values()) {
      count[watched.job.state]++;
      this.#expectSettled(watched);
    }
    const metrics = this.balance();
    const { submitted, completed, failed, cancelled, pending, active, workers } = metrics;
    const found = { submitted, completed, failed, cancelled, pending, active, workers: workers.length };
    const expected = {
      submitted: this.#watched.size,
      completed: count.COMPLETED,
      failed: count.FAILED,
      cancelled: count.CANCELLED,
      ...{ pending: 0, active: 0, workers: 0 },
    };
    if (!isDeepStrictEqual(found, expected))
      this.fault(`numbers at the end: ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
    if (this.#told !== submitted) this.fault(`${submitted} jobs, but ${this.#told} were told as settled`);
    if (this.flags.faults > 0) this.fault(`tasks found ${this.flags.faults} faults: tokens lowered, locks shared`);
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.fault(String(error instanceof Error ? error.stack : error));
    }
  }

  #settled(event: SettledEvent, job: Job): void {
    this.#told++;
    this.balance();
    let watched = this.#watched.get(job);
    if (watched === undefined) {
      watched = { job, plan: undefined, number: -1, dependsOn: [], canRetry: false, events: [] }; // of a map
      this.#watched.set(job, watched);
    }
    watched.events.push(event);
    if (watched.events.length > 1) this.fault(`${describe(job)} settled again: ${watched.events.join(', ')}`);
    if (job.state !== SETTLED[event]) this.fault(`${describe(job)} was told as ${event}`);
    if (job.cancel('too late')) this.fault(`${describe(job)} could be cancelled after ${event}`);
    if (job.setPriority(1)) this.fault(`${describe(job)} could be given another priority after ${event}`);
    this.#expectCodeEnded(watched);
    watched.descendants = this.#progressOf(watched);
  }

  /** Of the code of all that a job has submitted. */
  #progressOf({ plan }: Watched): string {
    return String(plan?.children?.map((number) => [this.flags.begun(number), this.flags.beat(number)]));
  }

  /** I8. */
  #expectCodeEnded(watched: Watched): void {
    const { job, plan, number } = watched;
    if (plan === undefined || plan.isFlagged === false || !this.flags.isRunning(number) || this.#mayGoOn(watched))
      return;
    const { error } = job;
    const isByThread =
      job.state === 'CANCELLED' || error instanceof WorkerExitError || error instanceof JobTimeoutError;
    // an attempt before may have died with its flag raised
    if (!isByThread && !watched.canRetry) this.fault(`${describe(job)} settled while its code ran: ${plan.kind}`);
    watched.beat = this.flags.beat(number);
  }

  #mayGoOn({ job, plan }: Watched): boolean {
    if (plan?.mayGoOn) return true;
    if (plan === undefined || !ASYNC.has(plan.kind) || !this.#sharesThreads) return false;
    return job.state === 'CANCELLED' || job.error instanceof JobTimeoutError;
  }

  #promised(watched: Watched, how: string, value: unknown): void {
    const { job } = watched;
    if (watched.promised !== undefined) this.fault(`the promise of ${describe(job)} settled twice`);
    watched.promised = how;
    const isAgreed =
      how === 'COMPLETED' ? job.state === 'COMPLETED' : job.state === 'FAILED' || job.state === 'CANCELLED';
    if (!isAgreed) this.fault(`the promise of ${describe(job)} was ${how}`);
    else if (value !== (how === 'COMPLETED' ? job.result : job.error))
      this.fault(`the promise of ${describe(job)} gave something else than the job has`);
  }

  #expectSettled(watched: Watched): void {
    const { job, plan, number, events } = watched;
    const { state } = job;
    if (events.length !== 1) this.fault(`${describe(job)} was told ${events.length} times`);
    if (watched.cancelSaid === true && state !== 'CANCELLED')
      this.fault(`${describe(job)}: cancel answered true: ${String(job.error)}`);
    if (watched.attemptsThen !== undefined && job.attempts > watched.attemptsThen)
      this.fault(`${describe(job)} was tried again after it was cancelled`);
    if (plan === undefined) return;
    if (state === 'COMPLETED') {
      if (plan.neverCompletes) this.fault(`${describe(job)} cannot have completed: ${plan.kind}`);
      if (plan.result !== undefined && !isDeepStrictEqual(job.result, plan.result))
        this.fault(`${describe(job)} (${plan.kind}) returned ${String(job.result)}, not ${String(plan.result)}`);
      const { lastAttempt } = plan;
      if (lastAttempt !== undefined && (job.result !== job.attempts || job.attempts < lastAttempt))
        this.fault(`${describe(job)} (${plan.kind}) ended in attempt ${job.attempts}, not from ${lastAttempt} on`);
      for (const other of watched.dependsOn)
        if (other.state !== 'COMPLETED') this.fault(`${describe(job)} ran, but depends on ${describe(other)}`);
    }
    if (watched.descendants !== this.#progressOf(watched))
      this.fault(`${describe(job)} settled before those that it submitted: ${watched.descendants}`);
    if (plan.isFlagged === false) return;
    const { flags } = this;
    const begun = flags.begun(number);
    if (begun > job.attempts) this.fault(`${describe(job)} was begun ${begun} times in ${job.attempts} attempts`);
    if (state === 'COMPLETED' && begun === 0) this.fault(`${describe(job)} has no code that ran`);
    if (state === 'COMPLETED' && flags.sawCancel(number) && !watched.canRetry)
      this.fault(`${describe(job)} completed, and saw a flag that nobody can have raised for it`);
    if (watched.beat !== undefined && watched.beat !== flags.beat(number) && !watched.canRetry)
      this.fault(`the code of ${describe(job)} (${plan.kind}) went on after it had settled`);
  }
}

function describe(job: Job): string {
  return `job ${job.id} '${job.name.slice(0, 20)}' ${job.state}`;
}
