import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool } from 'thread-system';
import { sharedPool } from '../support/shared-pool.ts';

type Thrown = Error & Record<string, unknown>;

const failure = async (job: Job<unknown>): Promise<Thrown> =>
  (await job.then(
    () => new Error('it completed'),
    (error: unknown) => error,
  )) as Thrown;

describe.each(['thread', 'process', 'inline'] as const)('errors of a pool of kind %s', (kind) => {
  const plainPool = sharedPool(() => new ThreadPool({ kind, maxWorkers: 1 }));

  test('that share their parts arrive sharing them, however many ways lead to a part', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        let level: Error[] = [new RangeError('leaf')];
        for (let depth = 0; depth < 20; depth++)
          level = new Array<Error>(12).fill(new AggregateError(level, `level ${depth}`));
        throw level[0];
      }),
    );
    let at: Thrown = error;
    for (let depth = 19; depth >= 0; depth--) {
      const errors = at['errors'] as Thrown[];
      expect(at).toMatchObject({ name: 'AggregateError', message: `level ${depth}` });
      expect(errors.every((other) => other === errors[0])).toBe(true);
      at = errors[0] as Thrown;
    }
    expect(at).toBeInstanceOf(RangeError);
  });

  test('that are among their own causes arrive so', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        const first = new TypeError('first');
        const second = new RangeError('second', { cause: first });
        first.cause = second;
        throw Object.assign(first, { errors: [second, first] });
      }),
    );
    const second = error['cause'] as Thrown;
    expect(second).toBeInstanceOf(RangeError);
    expect(second['cause']).toBe(error);
    expect((error['errors'] as unknown[]).map((other) => [error, second].indexOf(other as Thrown))).toEqual([1, 0]);
  });

  test('that make causes without end are cut off', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        class Endless extends Error {
          constructor() {
            super('endless');
            const more = { enumerable: false, get: () => new Endless() };
            const many = { enumerable: false, get: () => [new Endless(), new Endless()] };
            Object.defineProperties(this, { cause: more, errors: many });
          }
        }
        Error.stackTraceLimit = 0;
        throw new Endless();
      }),
    );
    expect(error).toMatchObject({ message: 'endless', cause: { message: 'endless' } });
  });

  test('with a list of parts that is sparse, and long, arrive at once', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        const errors: Error[] = [];
        errors[4_294_967_290] = new RangeError('the only one');
        throw Object.assign(new Error('sparse'), { errors });
      }),
    );
    const errors = error['errors'] as unknown[];
    expect(Object.keys(errors)).toEqual(['4294967290']);
    expect([errors.length, errors[4_294_967_290]]).toEqual([4_294_967_291, expect.any(RangeError)]);
  });

  test('have their hidden properties, and those that are errors with their classes', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        const hidden = { value: new RangeError('hidden'), enumerable: false };
        const shown = Object.assign(new TypeError('shown'), { code: 'E_SHOWN' });
        const secret = { value: { id: 7 }, enumerable: false };
        const method = { value: () => 1, enumerable: false };
        throw Object.defineProperties(Object.assign(new Error('both'), { shown }), { hidden, secret, method });
      }),
    );
    expect(error['hidden']).toBeInstanceOf(RangeError);
    expect(error['shown']).toBeInstanceOf(TypeError);
    expect(error['shown']).toMatchObject({ code: 'E_SHOWN' });
    expect(error['secret']).toEqual({ id: 7 });
    expect([Object.keys(error), 'method' in error]).toEqual([['shown'], false]);
  });

  test("of the platform's classes arrive as instances of them, with their fields", async () => {
    const pool = plainPool();
    const assertion = await failure(
      pool.submit(() => process.getBuiltinModule('node:assert').deepStrictEqual({ a: 1 }, { a: 2 })),
    );
    const { AssertionError } = process.getBuiltinModule('node:assert');
    expect(assertion).toBeInstanceOf(AssertionError);
    expect(assertion).toMatchObject({ code: 'ERR_ASSERTION', actual: { a: 1 }, expected: { a: 2 } });
    const wasm = await failure(
      pool.submit(() => Reflect.construct(Reflect.get(globalThis, 'WebAssembly').Module, [new Uint8Array(4)])),
    );
    expect(Object.getPrototypeOf(wasm)).toBe(Reflect.get(globalThis, 'WebAssembly').CompileError.prototype);
    const system = await failure(
      pool.submit(() => void process.getBuiltinModule('node:fs').readFileSync('/no/such/file')),
    );
    expect(system).toMatchObject({ code: 'ENOENT', errno: -2, syscall: 'open', path: '/no/such/file' });
    const node = await failure(pool.submit(() => void Buffer.alloc(-1)));
    expect([node.name, node['code'], String(node)]).toEqual([
      'RangeError',
      'ERR_OUT_OF_RANGE',
      expect.stringMatching(/^RangeError/),
    ]);
    const own = await failure(
      pool.submit(() => {
        throw new (class RuntimeError extends Error {})('no WebAssembly');
      }),
    );
    expect(Object.getPrototypeOf(own)).toBe(Error.prototype);
  });

  test('of a using block whose disposal throws too arrive with both', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        const Suppressed = Reflect.get(globalThis, 'SuppressedError');
        // as the compilers make one where the engine has none
        if (Suppressed === undefined)
          throw Object.assign(new Error('both'), {
            name: 'SuppressedError',
            error: new TypeError('close failed'),
            suppressed: new RangeError('the real fault'),
          });
        throw Reflect.construct(Suppressed, [new TypeError('close failed'), new RangeError('the real fault'), 'both']);
      }),
    );
    expect([error.name, error.message]).toEqual(['SuppressedError', 'both']);
    expect(error['error']).toBeInstanceOf(TypeError);
    expect(error['suppressed']).toBeInstanceOf(RangeError);
    const Suppressed: unknown = Reflect.get(globalThis, 'SuppressedError');
    if (typeof Suppressed === 'function') expect(error).toBeInstanceOf(Suppressed);
  });

  test('of another realm arrive with class, fields and causes', async () => {
    const pool = plainPool();
    const error = await failure(
      pool.submit(() => {
        const { createContext, runInContext } = process.getBuiltinModule('node:vm');
        runInContext(
          `throw Object.assign(new AggregateError([new RangeError('part')], 'all', { cause: new TypeError('why') }), { code: 'E' })`,
          createContext({}),
        );
      }),
    );
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ message: 'all', code: 'E', cause: expect.any(TypeError) });
    expect((error['errors'] as unknown[])[0]).toBeInstanceOf(RangeError);
  });

  test('as the reason of a cancel arrive whole as well', async () => {
    const pool = plainPool();
    const reason = runInContext(
      `const parts = [new RangeError('part')]; new AggregateError([...parts, ...parts], 'stop')`,
      createContext({}),
    ) as AggregateError;
    const job = pool.submit(async function (this: CurrentJob) {
      const cancelled = new Promise((resolve) => this.token.onCancel(resolve));
      this.report('listens');
      const given = (await cancelled) as AggregateError;
      const [first, second] = given.errors as unknown[];
      return [given instanceof AggregateError, first instanceof RangeError, first === second];
    });
    await new Promise((resolve) => job.onProgress(resolve));
    job.cancel(reason);
    await failure(job);
    expect(job.result).toEqual([true, true, true]);
  });
});
