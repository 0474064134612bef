import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  CancellationToken,
  type Job,
  type JobGroup,
  Mutex,
  Semaphore,
  ThreadPool,
  type ThreadPoolOptions,
} from 'thread-system';
import { ChaosChannels } from './chaos-channels.ts';
import {
  anyOptions,
  flagged,
  type Plan,
  planJob,
  planShort,
  planTraffic,
  type Surroundings,
  type WatchedToken,
} from './chaos-jobs.ts';
import { ChaosWatch } from './chaos-watch.ts';
import { FileWords, Flags, MemoryWords } from './flags.ts';
import { Random } from './random.ts';

/** A run in which no job settles for so long is stuck. */
const STUCK_MS = 20_000;
const PERMITS = 2;
const MOST_JOBS = 30_000;
/** Every so many seeds, workers are processes. */
const PROCESS_SEEDS = 10;
const KEYS = ['key', 1, Number.NaN, { an: 'object' }];
const WORKER = pathToFileURL(createRequire(import.meta.url).resolve('thread-system/pool-worker'));

const ACTIONS = {
  submit: 600,
  many: 12,
  rush: 3,
  cancel: 80,
  cancelMany: 3,
  setPriority: 50,
  cancelToken: 8,
  abortSignal: 6,
  cancelAll: 1,
  pause: 6,
  resume: 6,
  map: 6,
  waitAll: 4,
  ready: 8,
  lateCancel: 12,
  order: 5,
  resize: 8,
  broadcast: 4,
  recycle: 1,
  warmUp: 2,
  group: 12,
  setTimeLimit: 12,
  post: 12,
  traffic: 12,
  replaceChannel: 1,
  look: 30,
  turn: 100,
  sleep: 50,
  quiet: 2,
} as const;

const next = (number: number): number => number + 1;

/** What came of a run. */
export interface ChaosReport {
  readonly seed: number;
  readonly kind: Kind;
  readonly jobs: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly threads: number;
  /** How many values were received from channels. */
  readonly values: number;
  readonly ms: number;
}

type Kind = 'thread' | 'process';

/**
 * Does to a pool whatever may be done to it, by chance, and holds it to its invariants.
 *
 * @param seed the same one makes the same choices, though threads may meet them at other moments.
 * @param options.kind what the workers are. Default: the seed's choice, mostly threads.
 * @throws {Error} that names the seed and every fault found.
 */
export async function runChaos(
  seed: number,
  { steps = 1000, kind = kindOf(seed) }: { readonly steps?: number; readonly kind?: Kind | undefined } = {},
): Promise<ChaosReport> {
  const chaos = new Chaos(seed, kind);
  try {
    return await chaos.run(steps);
  } catch (error) {
    throw new Error(`seed ${seed}: ${chaos.describe()}\n${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    chaos.close();
  }
}

function kindOf(seed: number): Kind {
  return seed % PROCESS_SEEDS === 0 ? 'process' : 'thread';
}

class Chaos {
  readonly #seed: number;
  readonly #random: Random;
  readonly #options: ThreadPoolOptions & {
    readonly kind: Kind;
    readonly maxWorkers: number;
    readonly concurrency: number;
  };
  readonly #flags: Flags;
  readonly #pool: ThreadPool;
  readonly #watch: ChaosWatch;
  readonly #mutex = new Mutex();
  readonly #semaphore = new Semaphore(PERMITS);
  readonly #channels: ChaosChannels;
  readonly #from: Surroundings;
  readonly #recent: Job[] = [];
  readonly #log: string[] = [];
  readonly #tokens: WatchedToken[] = [];
  readonly #raised: CancellationToken[] = [];
  #controller = new AbortController();
  readonly #muchWaits: number;
  #maxWorkers: number;
  readonly #fewestWorkers: number;
  #groups: readonly JobGroup[] = [];
  /** The last job of each key. */
  readonly #keyed = new Map<unknown, Job>();
  /** Nothing stands in a paused pool for longer than so many steps. */
  #pausedFor = 0;

  constructor(seed: number, kind: Kind) {
    const random = new Random(seed);
    this.#seed = seed;
    this.#random = random;
    const maxQueue = random.chance(0.7) ? Number.POSITIVE_INFINITY : random.pick([0, 20, 20, 300]);
    this.#options = {
      kind,
      maxWorkers: random.pick([1, 1, 2, 4]),
      concurrency: random.pick([1, 1, 4]),
      graceMs: random.pick([0, 5, 20, 105]),
      idleTimeoutMs: random.pick([0, 10, 30_000]),
      maxQueue,
      overflow: random.pick(['reject', 'dropOldest', 'dropLowest'] as const),
      submitStacks: random.chance(0.2),
      ...(random.chance(0.25) ? { aging: { everyMs: random.pick([1, 10]), step: random.pick([0.5, 1]) } } : {}),
      ...(random.chance(0.2) ? { setup: flagged.prepare, setupArgs: [random.integer(0, 3)] } : {}),
      ...(random.chance(0.2) ? { teardown: flagged.prepare } : {}),
      ...(random.chance(0.2) ? { around: flagged.surround } : {}),
      ...(random.chance(0.2) ? { recycle: { afterJobs: random.pick([20, 200]) } } : {}),
    };
    const { maxWorkers } = this.#options;
    const isReserved = maxWorkers > 1 && random.chance(0.3);
    if (isReserved) Object.assign(this.#options, { reserved: [{ workers: 1, atLeast: 1 }] });
    this.#fewestWorkers = isReserved ? 2 : 1;
    this.#maxWorkers = maxWorkers;
    this.#muchWaits = Math.min(300, maxQueue / 2);
    if (kind === 'thread') {
      const words = new MemoryWords(MOST_JOBS);
      this.#flags = new Flags(words, MOST_JOBS);
      const worker = (): Worker => new Worker(WORKER, { workerData: words.shared });
      this.#pool = new ThreadPool({ ...this.#options, worker });
    } else {
      const words = new FileWords();
      this.#flags = new Flags(words, MOST_JOBS);
      this.#pool = new ThreadPool({ ...this.#options, env: { ...process.env, FLAGS_FILE: words.path } });
    }
    const hasFamilies = random.chance(0.5);
    this.#channels = new ChaosChannels(random);
    this.#watch = new ChaosWatch(this.#pool, this.#flags, hasFamilies || this.#options.concurrency > 1);
    if (random.chance(0.3)) this.#pool.on('jobStarted', () => void this.#watch.balance());
    this.#from = {
      random,
      concurrency: this.#options.concurrency,
      mutex: this.#mutex,
      semaphore: this.#semaphore,
      channels: this.#channels,
      tokens: () => random.pick(this.#tokens),
      hasFamilies,
      sharesMemory: kind === 'thread',
      claim: () => this.#flags.claim(),
    };
    for (let left = 4; left > 0; left--) this.#tokens.push(this.#newToken());
    this.#groups = this.#newGroups();
  }

  close(): void {
    this.#flags.close();
  }

  describe(): string {
    return `${JSON.stringify({ ...this.#options, maxQueue: String(this.#options.maxQueue) })}\nlast steps: ${this.#log.slice(-40).join(' ')}`;
  }

  async run(steps: number): Promise<ChaosReport> {
    const startedMs = performance.now();
    for (let step = 0; step < steps && this.#flags.hasRoom; step++) {
      await this.#act(this.#random.weighted(ACTIONS));
      if (this.#pausedFor > 0 && ++this.#pausedFor > 40) this.#resume();
      this.#expectNoFaults();
    }
    const threads = await this.#end();
    this.#expectNothingHeld();
    await this.#within(this.#channels.drain(), 'what is left in the channels');
    for (const fault of this.#channels.faults) this.#watch.fault(fault);
    this.#expectNoFaults();
    const { submitted, completed, failed, cancelled } = this.#pool.metrics();
    const ms = Math.round(performance.now() - startedMs);
    return {
      seed: this.#seed,
      kind: this.#options.kind,
      jobs: submitted,
      completed,
      failed,
      cancelled,
      threads,
      values: this.#channels.received,
      ms,
    };
  }

  async #act(action: keyof typeof ACTIONS): Promise<void> {
    const random = this.#random;
    this.#log.push(action);
    switch (action) {
      case 'submit':
        this.#submit(planJob(this.#from));
        break;
      case 'many':
        for (let left = random.integer(20, 200); left > 0; left--) this.#submit(planShort(this.#from));
        break;
      case 'rush':
        await this.#rush();
        break;
      case 'cancel':
        if (this.#recent.length > 0)
          this.#watch.cancel(random.pick(this.#recent), random.pick(['by chance', undefined]));
        break;
      case 'cancelMany':
        for (const job of this.#recent) if (random.chance(0.3)) this.#watch.cancel(job, 'with others');
        break;
      case 'setPriority':
        if (this.#recent.length > 0) random.pick(this.#recent).setPriority(random.integer(-2, 2));
        break;
      case 'cancelToken':
        this.#cancelToken();
        break;
      case 'abortSignal':
        this.#controller.abort(random.pick(['a signal', undefined]));
        this.#controller = new AbortController();
        break;
      case 'cancelAll':
        if (random.chance(0.5)) this.#pool.cancelAll();
        else this.#pool.cancelAll((job) => job.id % 2 === 0);
        break;
      case 'pause':
        this.#pool.pause();
        this.#pausedFor ||= 1;
        break;
      case 'resume':
        this.#resume();
        break;
      case 'map':
        this.#map();
        break;
      case 'waitAll':
        this.#watch.expectEnd(this.#pool.waitAll({ timeoutMs: random.pick([0, 5, 100]) }), 'waitAll with a time');
        break;
      case 'ready':
        this.#watch.expectEnd(
          this.#pool.ready().then(
            () => {},
            (error: { readonly code?: string }) => {
              if (error.code !== 'ERR_POOL_CLOSED') throw error;
            },
          ),
          'ready',
        );
        break;
      case 'lateCancel':
        await this.#lateCancel();
        break;
      case 'order':
        await this.#order();
        break;
      case 'resize':
        this.#maxWorkers = random.integer(this.#fewestWorkers, 5);
        this.#pool.resize(this.#maxWorkers);
        this.#watch.expectAtMost(this.#maxWorkers);
        break;
      case 'broadcast':
        this.#watch.expectEnd(orEnd(this.#pool.broadcast(flagged.prepare, [random.integer(0, 3)])), 'a broadcast');
        break;
      case 'recycle':
        this.#watch.expectEnd(orEnd(this.#pool.recycle()), 'a recycling');
        break;
      case 'warmUp':
        this.#watch.expectEnd(orEnd(this.#pool.warmUp(random.integer(0, this.#maxWorkers))), 'a warm-up');
        break;
      case 'group':
        this.#inGroup();
        break;
      case 'setTimeLimit':
        if (this.#recent.length > 0) random.pick(this.#recent).setTimeLimit(random.pick([5, 50]));
        break;
      case 'post':
        if (this.#recent.length > 0) random.pick(this.#recent).post({ by: 'chance' });
        break;
      case 'traffic':
        for (let left = random.integer(2, 8); left > 0; left--) this.#submit(planTraffic(this.#from));
        this.#watch.expectEnd(this.#channels.join(), 'what the main thread sends and receives');
        break;
      case 'replaceChannel':
        this.#channels.replace();
        break;
      case 'look':
        this.#watch.expectAtMost(this.#maxWorkers);
        // where much waits, the workers are given time
        if (this.#watch.balance().pending > this.#muchWaits) await this.#pause(random.integer(1, 10));
        break;
      case 'turn':
        if (random.chance(0.5)) await Promise.resolve();
        else await new Promise((resolve) => setImmediate(resolve));
        break;
      case 'sleep':
        await this.#pause(random.integer(0, 4));
        break;
      case 'quiet':
        await this.#quiet();
        break;
    }
  }

  /** To an idle pool, many jobs that are alike: they go to workers as they come. At times something comes between. */
  async #rush(): Promise<void> {
    const random = this.#random;
    await this.#quiet();
    for (let left = random.integer(100, 600); left > 0; left--) {
      const number = this.#flags.claim();
      this.#entered(
        this.#pool.submit(next, [number]),
        { kind: 'inline', task: next, args: [], isFlagged: false },
        number,
      );
      if (random.chance(0.02)) this.#watch.cancel(random.pick(this.#recent), 'in a rush');
      if (random.chance(0.01)) random.pick(this.#recent).setPriority(random.integer(-2, 2));
      if (random.chance(0.005)) this.#submit(planShort(this.#from));
      if (random.chance(0.003)) {
        this.#pool.pause();
        if (random.chance(0.5)) this.#pool.resume();
        else this.#pausedFor ||= 1;
      }
    }
  }

  #submit(planned: Plan): Job {
    const random = this.#random;
    const options = { ...planned.options, ...anyOptions(this.#from, this.#recent) };
    if (planned.options?.timeoutMs !== undefined) options.timeoutMs = planned.options.timeoutMs;
    if (options.transfer !== undefined) options.retry = undefined;
    else if (planned.options?.retry !== undefined) options.retry = planned.options.retry;
    if (random.chance(0.05)) options.signal = this.#controller.signal;
    const number = this.#flags.claim();
    const given = random.chance(0.2) && Object.keys(options).length === 0 ? undefined : options;
    const submit = (): Job =>
      this.#pool.submit(planned.task, [number, ...planned.args] as never, given as never) as Job;
    if (given !== undefined && random.chance(0.08)) {
      options.key = random.pick(KEYS);
      const known = this.#keyed.get(options.key);
      const joins = known?.state === 'PENDING' || known?.state === 'RUNNING';
      const keyed = submit();
      if ((keyed === known) !== joins) this.#watch.fault(`a key ${joins ? 'made another job' : 'found a settled job'}`);
      if (joins && keyed.state === 'PENDING' && keyed.priority < (options.priority ?? -2))
        this.#watch.fault(`job ${keyed.id} was not made as urgent as the one that joined it`);
      this.#keyed.set(options.key, keyed);
      if (joins) return keyed;
      return this.#entered(keyed, { ...planned, options }, number);
    }
    return this.#entered(submit(), { ...planned, options }, number);
  }

  #newGroups(): readonly JobGroup[] {
    const { random } = this.#from;
    const group = this.#pool.group('all', { concurrency: random.integer(1, 4) });
    return [group, group.group('part', { concurrency: random.integer(1, 2) }), group.group('other')];
  }

  /** Some jobs of a group. */
  #inGroup(): void {
    const random = this.#random;
    for (let left = random.integer(1, 20); left > 0; left--) {
      const planned = planShort(this.#from);
      const number = this.#flags.claim();
      const options = { priority: random.integer(-2, 2), ...planned.options };
      const group = random.pick(this.#groups);
      const job = group.submit(planned.task, [number, ...planned.args] as never, options as never) as Job;
      this.#entered(job, { ...planned, options }, number);
    }
    if (!random.chance(0.1)) return;
    this.#groups[0]?.cancel('a group');
    this.#groups = this.#newGroups();
  }

  #entered(job: Job, planned: Plan, number: number): Job {
    const random = this.#random;
    this.#watch.add(job, planned, number);
    if (planned.reports !== undefined && random.chance(0.7)) this.#read(job, planned.reports);
    this.#recent.push(job);
    if (this.#recent.length > 60) this.#recent.shift();
    return job;
  }

  /** Reads what a job reports: complete, in order, and to its end. */
  #read(job: Job, count: number): void {
    const read = async (): Promise<void> => {
      const values: unknown[] = [];
      let starts = 0;
      for await (const value of job.progress) {
        const plain = typeof value === 'object' && value !== null ? (value as { i: number }).i : value;
        if (plain === 0) starts++; // each attempt begins anew
        values.push(plain);
      }
      if (starts > job.attempts) this.#watch.fault(`job ${job.id} reported from the start ${starts} times`);
      if (job.state !== 'COMPLETED' || job.attempts > 1) return;
      if (values.length !== count || values.some((value, i) => value !== i))
        this.#watch.fault(`job ${job.id} reported ${values.length} values of ${count}, or out of order`);
    };
    this.#watch.expectEnd(read(), `the reports of job ${job.id}`);
  }

  #newToken(): WatchedToken {
    const random = this.#random;
    const word = this.#flags.claimWord();
    const parent = this.#tokens.length > 0 && random.chance(0.3) ? random.pick(this.#tokens).token : undefined;
    const token =
      parent !== undefined
        ? random.chance(0.5)
          ? parent.child()
          : CancellationToken.any(parent, new CancellationToken())
        : random.chance(0.1)
          ? CancellationToken.timeout(random.integer(0, 50))
          : new CancellationToken();
    return { token, word };
  }

  #cancelToken(): void {
    const index = this.#random.integer(0, this.#tokens.length - 1);
    const { token, word } = this.#tokens[index] as WatchedToken;
    token.cancel('a shared token');
    this.#flags.raise(word);
    this.#raised.push(token);
    this.#tokens[index] = this.#newToken();
    for (const raised of this.#raised) if (!raised.isCancelled) this.#watch.fault('a token was lowered');
    if (this.#raised.length > 50) this.#raised.shift();
  }

  /** Gives the workers time: to start and to answer takes a process so much longer. */
  async #pause(ms: number): Promise<void> {
    const factor = this.#options.kind === 'process' ? 10 : 1;
    await new Promise((resolve) => setTimeout(resolve, ms * factor));
  }

  #resume(): void {
    this.#pool.resume();
    this.#pausedFor = 0;
  }

  #map(): void {
    const random = this.#random;
    const fails = random.chance(0.2);
    const items = Array.from({ length: random.integer(0, 500) }, (_, i) => i % 600);
    if (fails && items.length > 0) items[random.integer(0, items.length - 1)] = 666;
    const expected = items.map((item) => item * item);
    const options = random.chance(0.5) ? { chunk: random.integer(1, 50), ordered: random.chance(0.7) } : {};
    const map = this.#pool.map(flagged.square, items, options);
    const read = async (): Promise<void> => {
      const results: number[] = [];
      try {
        if (random.chance(0.5)) results.push(...(await map));
        else for await (const result of map) results.push(result);
      } catch {
        return; // by its task, a cancel, the end of a thread or of the pool
      }
      const byValue = (a: number, b: number): number => a - b;
      if (options.ordered === false) {
        results.sort(byValue);
        expected.sort(byValue);
      }
      if (String(results) !== String(expected)) this.#watch.fault('a map gave other results');
    };
    this.#watch.expectEnd(read(), 'a map');
  }

  /** Cancels a job that is tried again, when the code of an attempt has ended and nobody has read how. */
  async #lateCancel(): Promise<void> {
    const job = this.#submit({ kind: 'flaky', task: flagged.flaky, args: [9], options: { retry: { maxAttempts: 9 } } });
    await new Promise((resolve) => setImmediate(resolve));
    block(this.#random.integer(0, 3));
    this.#watch.cancel(job, 'late');
  }

  /** Jobs that do not stop, and a grace that is over just as the pool is shut down. */
  async #graceEnds(): Promise<void> {
    const submit = (): Job => {
      const kind = 'deafAsync';
      const options = { timeoutMs: 5_000, graceMs: this.#random.pick([102, 5_000]) };
      return this.#submit({ kind, task: flagged.deafAsync, args: [], neverCompletes: true, mayGoOn: true, options });
    };
    await this.#quiet();
    const jobs = [submit(), submit(), submit()];
    await new Promise((resolve) => setTimeout(resolve, 80)); // a thread has started by then, mostly
    for (const job of jobs) if (this.#random.chance(0.5)) this.#watch.cancel(job, 'before the end');
    await new Promise((resolve) => setTimeout(resolve, 70));
    block(this.#random.integer(20, 60));
  }

  /** I4 is exact on one worker of concurrency 1, for jobs that are queued together. */
  async #order(): Promise<void> {
    if (this.#maxWorkers > 1 || this.#options.concurrency > 1 || this.#options.aging !== undefined) return;
    await this.#quiet();
    const random = this.#random;
    const pool = this.#pool;
    pool.pause();
    const batch: { job: Job; front: boolean; at: number; rank: string }[] = [];
    for (let at = random.integer(5, 60); at > 0; at--) {
      const planned = planShort(this.#from);
      const front = random.chance(0.15);
      const number = this.#flags.claim();
      const transfer = planned.options?.transfer;
      const options = { front, priority: random.integer(0, 3), ...(transfer === undefined ? {} : { transfer }) };
      const job = pool.submit(planned.task, [number, ...planned.args] as never, options as never) as Job;
      this.#watch.add(job, { ...planned, options }, number);
      if (planned.isFlagged !== false && job.state === 'PENDING') batch.push({ job, front, at: job.id, rank: '' });
    }
    for (const { job } of batch) {
      if (random.chance(0.1)) job.setPriority(random.integer(-1, 4));
      if (random.chance(0.05)) this.#watch.cancel(job, 'in order');
    }
    const ranked = batch
      .map((each) => ({ ...each, priority: each.job.priority, place: each.front ? -each.at : each.at }))
      .sort((a, b) => b.priority - a.priority || a.place - b.place)
      .map(({ job, priority, place }) => ({ job, rank: `(priority ${priority}, place ${place})` }));
    pool.resume();
    this.#pausedFor = 0;
    if (random.chance(0.3)) {
      await new Promise((resolve) => setImmediate(resolve));
      pool.pause();
      await new Promise((resolve) => setImmediate(resolve));
      pool.resume();
    }
    await this.#settled('the jobs in order');
    this.#watch.expectOrder(ranked);
  }

  /** Until nothing is left to do. */
  async #quiet(): Promise<void> {
    this.#resume();
    // a map that goes on submits further jobs
    do await this.#settled('all jobs');
    while (this.#watch.balance().pending > 0);
  }

  async #settled(what: string): Promise<void> {
    await this.#within(this.#pool.waitAll(), what);
  }

  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      let before = -1;
      timer = setInterval(() => {
        const { completed, failed, cancelled } = this.#pool.metrics();
        const settled = completed + failed + cancelled;
        if (settled === before) reject(new Error(`stuck: ${what}\n${this.#watch.stuck()}`));
        before = settled;
      }, STUCK_MS);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearInterval(timer);
    }
  }

  /** Shuts down, in the middle of work. Answers how many threads there were. */
  async #end(): Promise<number> {
    const random = this.#random;
    const isGraceOver = this.#options.concurrency > 1 && random.chance(0.5);
    if (isGraceOver) await this.#graceEnds();
    else
      for (let left = random.integer(0, 300); left > 0; left--)
        this.#submit(random.chance(0.5) ? planJob(this.#from) : planShort(this.#from));
    if (!isGraceOver && random.chance(0.5)) await new Promise((resolve) => setTimeout(resolve, random.integer(0, 10)));
    if (random.chance(0.2)) this.#pool.pause();
    const mode = isGraceOver ? 'abort' : random.pick(['drain', 'finishRunning', 'abort'] as const);
    const before = this.#pool.metrics();
    this.#log.push(`shutdown(${mode})`);
    const ended = this.#pool.shutdown(random.chance(0.3) ? { mode, timeoutMs: random.integer(0, 50) } : { mode });
    if (random.chance(0.2)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#pool.shutdown({ mode: random.pick(['drain', 'finishRunning', 'abort'] as const) }) !== ended)
        this.#watch.fault('shutdown gave another promise');
    }
    const counts = await this.#within(ended, `shutdown(${mode})`);
    const after = this.#pool.metrics();
    for (const name of ['completed', 'failed', 'cancelled'] as const)
      if (counts[name] !== after[name] - before[name])
        this.#watch.fault(`shutdown told of ${counts[name]} ${name}, not ${after[name] - before[name]}`);
    await this.#within(this.#watch.ended(), 'what had to end with the pool');
    this.#watch.expectClosed();
    return this.#watch.threadsDied;
  }

  /** I9: what dead threads held has come back. */
  #expectNothingHeld(): void {
    if (this.#mutex.isLocked) this.#watch.fault('the mutex is still held');
    if (this.#semaphore.value !== PERMITS) this.#watch.fault(`the semaphore has ${this.#semaphore.value} permits`);
  }

  #expectNoFaults(): void {
    const { faults } = this.#watch;
    if (faults.length > 0) throw new Error(`${faults.length} faults\n${faults.slice(0, 10).join('\n')}`);
  }
}

/** Keeps the event loop from turning. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** Resolves with the promise, also if the pool or a worker ends first. */
async function orEnd(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code !== 'ERR_POOL_CLOSED' && code !== 'ERR_WORKER_EXITED') throw error;
  }
}
