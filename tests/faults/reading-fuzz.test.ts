import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  CancelledError,
  type CurrentJob,
  type Job,
  NotCloneableError,
  registerErrorClass,
  ThreadPool,
  type ThreadPoolOptions,
} from 'thread-system';
import { DEEP, DEEP_FOR_SMALL, nest, SMALL } from '../support/deep.ts';
import { Random } from '../support/random.ts';

/** Each makes the same choices again; another by FUZZ_SEED=7, more jobs by FUZZ_JOBS=1000. */
const SEEDS = process.env['FUZZ_SEED'] === undefined ? [1, 2] : [Number(process.env['FUZZ_SEED'])];
const JOBS = Number(process.env['FUZZ_JOBS'] ?? 120);

/** Its `name` reads what only its constructor sets, which is not called where it arrives. */
class FuzzedError extends Error {
  readonly #status = 503;

  override get name(): string {
    return `FuzzedError${this.#status}`;
  }
}
registerErrorClass(FuzzedError);

/** What tasks do with a list as deep as they are told. They see nothing around them. */
const returns = (depth: number, n: number): unknown => {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  return n % 2 === 0 ? list : { n, list };
};
const returnsOne = (depth: number): unknown => {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  return list;
};
const throws = (depth: number): never => {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  throw list;
};
const throwsWith = (depth: number): never => {
  class FuzzedError extends Error {}
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  throw Object.assign(new FuzzedError('with a list', { cause: new FuzzedError('inner') }), { list });
};
const reports = function (this: CurrentJob, depth: number, n: number): number {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  this.report(n);
  this.report(list);
  return n;
};
const counts = (): number => {
  const all = globalThis as { fuzzCount?: number };
  all.fuzzCount = (all.fuzzCount ?? 0) + 1;
  return all.fuzzCount;
};
const takes = (list: unknown[], n: number): number => list.length + n;
const asksChild = async function (this: CurrentJob, given: number, returned: number): Promise<unknown> {
  let list: unknown[] = [];
  for (let i = 0; i < given; i++) list = [list];
  const child = this.submit(
    (value: unknown[], depth: number) => {
      let inner: unknown[] = [value.length];
      for (let i = 0; i < depth; i++) inner = [inner];
      return inner;
    },
    [list, returned],
  );
  try {
    await child;
    return 'read';
  } catch (error) {
    return (error as { readonly path?: string }).path;
  }
};
const waits = async function (this: CurrentJob): Promise<unknown> {
  while (this.token.reason === undefined) await new Promise((resolve) => setImmediate(resolve));
  return (this.token.reason as { readonly path?: string }).path;
};
const cancelsOwn = function (this: CurrentJob, depth: number): string {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  this.token.cancel(list);
  return 'done';
};

type Check = () => void;

async function faultOf(what: PromiseLike<unknown>): Promise<unknown> {
  try {
    await what;
  } catch (error) {
    return error;
  }
  return undefined;
}

function expectUnreadable(error: unknown, path: RegExp): void {
  expect(error).toBeInstanceOf(NotCloneableError);
  expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: expect.stringMatching(path) });
  expect((error as Error).message).toMatch(/nested too deeply/);
}

/** Submits what it is told by chance, and knows how each of it must end. */
class Driver {
  readonly #random: Random;
  readonly #pool: ThreadPool;
  readonly #isSmall: boolean;
  readonly #isInline: boolean;
  readonly #ends = new Map<number, number>();
  readonly #checks: Check[] = [];
  readonly #others: Promise<void>[] = [];
  readonly #counted: Job<number>[] = [];
  readonly #lateErrors: Error[] = [];

  constructor(random: Random, options: ThreadPoolOptions) {
    this.#random = random;
    this.#isSmall = options.resourceLimits !== undefined;
    this.#isInline = options.kind === 'inline';
    this.#pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY, ...options });
    for (const event of ['jobCompleted', 'jobFailed', 'jobCancelled'] as const)
      this.#pool.on(event, ({ id }: { readonly id: number }) => this.#ends.set(id, (this.#ends.get(id) ?? 0) + 1));
    this.#pool.on('lateError', ({ error }) => this.#lateErrors.push(error));
  }

  async run(jobs: number): Promise<void> {
    for (let i = 0; i < jobs; i++) {
      this.#one(i);
      if (this.#random.chance(0.1)) await new Promise((resolve) => setImmediate(resolve));
    }
    await this.#pool.waitAll();
    await Promise.all(this.#others);
    for (const check of this.#checks) check();
    const begun = this.#counted.map(({ result }) => result as number);
    expect(begun).toEqual(begun.toSorted((a, b) => a - b)); // equals begin in order
    const { submitted, pending, active, completed, failed, cancelled } = this.#pool.metrics();
    expect([pending, active, completed + failed + cancelled]).toEqual([0, 0, submitted]);
    expect(this.#ends.size).toBe(submitted);
    expect([...this.#ends.values()].filter((times) => times !== 1)).toEqual([]);
    expect(this.#lateErrors).toEqual([]);
    await this.#pool.shutdown();
    expect(this.#pool.metrics().workers).toEqual([]);
  }

  /** 0, or what is too deep where it goes: in a worker with a small stack, or here. */
  #depth(to: 'worker' | 'main' | 'nowhere'): { readonly depth: number; readonly isLost: boolean } {
    const isLost = this.#random.chance(0.3) && to === (this.#isSmall ? 'worker' : 'main');
    return { depth: isLost ? (to === 'worker' ? DEEP_FOR_SMALL : DEEP) : this.#random.integer(0, 150), isLost };
  }

  #expect(job: PromiseLike<unknown>, isLost: boolean, path: RegExp, otherwise: (job: Job) => void = completed): void {
    const known = job as Job;
    known.then(
      () => {},
      () => {},
    ); // looked at below
    this.#checks.push(() => {
      if (!isLost) {
        otherwise(known);
        return;
      }
      expect(known.state).toBe('FAILED');
      expectUnreadable(known.error, path);
    });
  }

  #one(n: number): void {
    const random = this.#random;
    const pool = this.#pool;
    const what = random.weighted({
      counts: 8,
      takes: 4,
      returns: 4,
      throws: 2,
      throwsWith: 2,
      reports: 2,
      child: 2,
      ownToken: 1,
      cancel: 1,
      map: 1,
      broadcast: 1,
    });
    // inline most of it cannot even be written: a result is enough
    const { depth, isLost } = this.#depth(this.#isInline && what !== 'returns' ? 'nowhere' : 'main');
    switch (what) {
      case 'counts':
        this.#counted.push(pool.submit(counts));
        break;
      case 'takes': {
        const given = this.#depth('worker');
        this.#expect(
          pool.submit(takes, [nest(given.depth), n], random.chance(0.3) ? { timeoutMs: 120_000 } : {}),
          given.isLost,
          /^args$/,
          ({ result }) => expect(result).toBe((given.depth > 0 ? 1 : 0) + n),
        );
        break;
      }
      case 'returns':
        this.#expect(pool.submit(returns, [depth, n]), isLost, /^result$/, ({ result }) =>
          expect(result).toEqual(n % 2 === 0 ? nest(depth) : { n, list: nest(depth) }),
        );
        break;
      case 'throws':
        this.#expect(pool.submit(throws, [depth]), isLost, /^error$/, ({ state, error }) => {
          expect(state).toBe('FAILED');
          expect(error).toMatchObject({ thrown: nest(depth) });
        });
        break;
      case 'throwsWith': {
        const job = pool.submit(throwsWith, [depth]) as Job;
        this.#expect(job, false, /^$/, ({ error }) => {
          expect(error).toBeInstanceOf(FuzzedError);
          expect((error as Error).cause).toBeInstanceOf(FuzzedError);
          const { list } = error as { readonly list?: unknown };
          if (isLost) expectUnreadable(list, /^error\.list$/);
          else expect(list).toEqual(nest(depth));
        });
        break;
      }
      case 'reports': {
        const job = pool.submit(reports, [depth, n]);
        const seen: unknown[] = [];
        job.onProgress((value) => seen.push(value));
        this.#expect(job, isLost, /^report$/, ({ result }) => expect(result).toBe(n));
        this.#checks.push(() => expect(seen).toEqual(isLost ? [n] : [n, nest(depth)]));
        break;
      }
      case 'child': {
        const isOfArgs = random.chance(0.5);
        this.#expect(pool.submit(asksChild, isOfArgs ? [depth, 0] : [0, depth]), false, /^$/, ({ result }) =>
          expect(result).toEqual(isLost ? expect.stringMatching(isOfArgs ? /^child/ : /^result$/) : 'read'),
        );
        break;
      }
      case 'ownToken': {
        const job = pool.submit(cancelsOwn, [depth]) as Job;
        this.#expect(job, false, /^$/, ({ result }) => expect(result).toBe('done'));
        this.#checks.push(() => {
          if (isLost) expectUnreadable(job.token.reason, /^reason$/);
          else expect(job.token.reason).toEqual(nest(depth));
        });
        break;
      }
      case 'cancel':
        this.#cancelOne();
        break;
      case 'map': {
        const depths = [1, depth, 2];
        this.#also(pool.map(returnsOne, depths, { chunk: 1 }), isLost, /^result$/);
        break;
      }
      case 'broadcast':
        this.#also(pool.broadcast(returns, [depth, n]), isLost, /^result$/);
        break;
    }
  }

  #also(what: PromiseLike<unknown>, isLost: boolean, path: RegExp): void {
    const fault = faultOf(what);
    this.#others.push(
      fault.then((error) => {
        if (isLost) expectUnreadable(error, path);
        else expect(error).toBeUndefined();
      }),
    );
  }

  /** Before it begins, or while it runs. */
  #cancelOne(): void {
    const { depth, isLost } = this.#depth('worker');
    const job = this.#pool.submit(waits) as Job;
    const isWhileItRuns = this.#random.chance(0.5);
    const reason = nest(depth);
    if (isWhileItRuns) setImmediate(() => job.cancel(reason));
    else job.cancel(reason);
    this.#others.push(
      faultOf(job).then((error) => {
        expect(error).toBeInstanceOf(CancelledError);
        expect(job.state).toBe('CANCELLED');
        if (job.result !== undefined) expect(job.result).toBe(isLost ? 'reason' : undefined);
      }),
    );
  }
}

function completed({ state, error }: Job): void {
  expect(error).toBeUndefined();
  expect(state).toBe('COMPLETED');
}

const warnings: Error[] = [];
const uncaught: unknown[] = [];
const onWarning = (warning: Error): void => void warnings.push(warning);
const onUncaught = (error: unknown): void => void uncaught.push(error);
beforeAll(() => {
  process.on('warning', onWarning);
  process.on('uncaughtException', onUncaught);
});
afterAll(() => {
  process.off('warning', onWarning);
  process.off('uncaughtException', onUncaught);
  expect(uncaught).toEqual([]);
  expect(warnings.length).toBeLessThan(5); // no flood of them
});

describe.each(SEEDS)('with values of any depth in whatever a job receives, or sends (seed %i)', (seed) => {
  test.each([
    ['thread', 'worker', SMALL],
    ['thread', 'main thread', {}],
    ['process', 'worker', SMALL],
    ['process', 'main thread', {}],
    ['inline', 'stack', {}],
  ] as const)('in a pool of kind %s only jobs fail that have one too deep for the %s', async (kind, _, options) => {
    const share = kind === 'process' ? 0.5 : 1;
    await new Driver(new Random(seed), { kind, ...options }).run(JOBS * share);
  });
});
