import { describe, expect, test } from '@jest/globals';
import { registerErrorClass, ThreadPool } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

describe('what a task throws', () => {
  test('is an instance of its own class where that is registered', async () => {
    class HttpError extends Error {
      readonly status: number;
      constructor(status: number) {
        super(`status ${status}`);
        this.status = status;
      }
    }
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const throwHttp = () => {
      class HttpError extends Error {
        status = 404;
      }
      throw new HttpError('not there');
    };
    await expect(pool.submit(throwHttp)).rejects.not.toBeInstanceOf(HttpError);
    registerErrorClass(HttpError);
    registerErrorClass(HttpError);
    await expect(pool.submit(throwHttp)).rejects.toBeInstanceOf(HttpError);
    await expect(pool.submit(throwHttp)).rejects.toMatchObject({ message: 'not there', status: 404 });
    class Other extends Error {}
    Object.defineProperty(Other, 'name', { value: 'HttpError' });
    expect(() => registerErrorClass(Other)).toThrow("another class has the name 'HttpError'");
    expect(() => registerErrorClass(Map as never)).toThrow('it must extend Error, received function Map');
  });

  test('shows the frames of the task', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.fail, ['where']);
    await expect(job).rejects.toThrow('where');
    expect((job.error as Error).stack).toMatch(
      /^RangeError: where\n\s+at .*fail \(file:.*tests\/tasks\/basic\.mjs:\d+:\d+\)/,
    );
  });

  test.each([null, undefined, 0, '', 'text', { a: 1 }, 5n])(
    'that is no error (%p) arrives in one, as `thrown`',
    async (value) => {
      await using pool = new ThreadPool({ maxWorkers: 1 });
      const job = pool.submit(tasks.throwValue, [value]);
      await expect(job).rejects.toBeInstanceOf(Error);
      expect(job.state).toBe('FAILED');
      expect((job.error as { thrown?: unknown }).thrown).toEqual(value);
      expect((job.error as Error).message).toMatch(/^The task threw .*, which is not an Error$/);
    },
  );

  test('is readable however odd it is', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(() => {
      const error = Object.assign(new Error('odd'), { fn: () => 1, huge: 1n });
      Object.defineProperty(error, 'bad', {
        enumerable: true,
        get() {
          throw new Error('getter');
        },
      });
      error.cause = error;
      throw error;
    });
    await expect(job).rejects.toMatchObject({
      message: 'odd',
      huge: 1n,
      fn: '[function fn, which cannot be cloned]',
      bad: '[getter threw getter]',
    });
    expect((job.error as Error).cause).toBe(job.error);
    const gigantic = pool.submit(() => {
      throw new Error('x'.repeat(1_000_000));
    });
    await expect(gigantic).rejects.toThrow(/x… \(1000000 characters\)$/);
    const symbol = pool.submit(() => {
      throw Symbol('no');
    });
    await expect(symbol).rejects.toMatchObject({ thrown: '[Symbol(no), which cannot be cloned]' });
  });

  test('may fight back: frozen, or throwing whenever it is read', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const frozen = pool.submit(() => {
      throw Object.freeze(new ReferenceError('abc is not defined'));
    });
    await expect(frozen).rejects.toMatchObject({ name: 'ReferenceError', message: 'abc is not defined' });
    const hostile = pool.submit(() => {
      const trap = () => {
        throw hostileError;
      };
      const hostileError: unknown = new Proxy(new Error('never seen'), {
        getPrototypeOf: trap,
        ownKeys: trap,
        get: trap,
      });
      throw hostileError;
    });
    await expect(hostile).rejects.toMatchObject({ thrown: '[an object that throws when it is read]' });
    expect(hostile.workerId).toBe(0);
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('as a DOMException keeps its class, name and code', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(() => {
      throw new DOMException('gave up', 'AbortError');
    });
    await expect(job).rejects.toMatchObject({ name: 'AbortError', message: 'gave up', code: 20 });
    expect(Object.prototype.toString.call(job.error)).toBe('[object DOMException]');
  });

  test('cannot reach a prototype', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(() => {
      const error = new Error('sly');
      Object.defineProperty(error, '__proto__', { enumerable: true, value: { polluted: true } });
      throw error;
    });
    await expect(job).rejects.toThrow('sly');
    expect(job.error).toBeInstanceOf(Error);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
