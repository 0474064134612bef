import { MessagePort } from 'node:worker_threads';
import { describe, expect, jest, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { occupy } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';

const { ReceivedBuffers } = await import('../../../build/wire/lane/known-buffers.js');

/** So often that it first goes by message, then to stay, then by its number. */
const TIMES = 4;
const ROOM = 64;

const views = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

type AnyView = new (
  buffer: SharedArrayBuffer,
  byteOffset: number,
  length: number,
) => ArrayBufferView & ArrayLike<unknown>;

interface Seen {
  readonly kind: string;
  readonly byteOffset: number;
  readonly length: number;
  readonly bytes: number;
}

function look(view: ArrayBufferView & ArrayLike<unknown>, run: number): Seen {
  new Uint8Array(view.buffer)[0] = run;
  const { byteOffset, length, buffer } = view;
  return { kind: view.constructor.name, byteOffset, length, bytes: buffer.byteLength };
}

describe('a shared array that job after job is given', () => {
  test.each(views.map((View) => [View.name, View as unknown as AnyView] as const))(
    'is the same memory each time: %s',
    async (kind, View) => {
      await using pool = new ThreadPool({ maxWorkers: 1 });
      const buffer = new SharedArrayBuffer(ROOM);
      const view = new View(buffer, 8, 3);
      for (let run = 1; run <= TIMES; run++) {
        expect(await pool.submit(look, [view, run])).toEqual({ kind, byteOffset: 8, length: 3, bytes: ROOM });
        expect(new Uint8Array(buffer)[0]).toBe(run);
      }
    },
  );

  test('goes by message twice, to each worker', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(look, [new Int8Array(1), 0]);
    const post = jest.spyOn(MessagePort.prototype, 'postMessage');
    const view = new Int32Array(new SharedArrayBuffer(ROOM));
    for (let run = 1; run <= 10; run++) await pool.submit(look, [view.subarray(run), run]);
    const sent = post.mock.calls.filter(([message]) => Array.isArray(message)); // not a ring, nor the task
    post.mockRestore();
    expect(sent).toHaveLength(2);
  });

  test('and so the buffer itself, and what is nested', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const buffer = new SharedArrayBuffer(ROOM);
    const given = { list: [new Int32Array(buffer, 4, 1)], buffer };
    for (let run = 1; run <= TIMES; run++) {
      const isOne = await pool.submit(
        ({ list: [view], buffer }: typeof given, run: number) => {
          if (view !== undefined) view[0] = run;
          return view?.buffer === buffer && buffer instanceof SharedArrayBuffer;
        },
        [given, run],
      );
      expect(isOne).toBe(true);
      expect(given.list[0]?.[0]).toBe(run);
    }
  });

  test('is one object where it is given twice, and shares its buffer with another view', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const view = new Int32Array(new SharedArrayBuffer(ROOM));
    const other = new Uint8Array(view.buffer);
    for (let run = 1; run <= TIMES; run++) {
      expect(await pool.submit((a: object, b: object) => a === b, [view, view])).toBe(true);
      expect(await pool.submit((a: ArrayBufferView, b: ArrayBufferView) => a.buffer === b.buffer, [view, other])).toBe(
        true,
      );
    }
  });

  test('arrives as what it was: a Buffer as a Buffer, a subclass as its base', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    class Mine extends Int16Array<SharedArrayBuffer> {
      override get [Symbol.toStringTag](): never {
        return 'Float64Array' as never;
      }
    }
    const buffer = new SharedArrayBuffer(ROOM);
    const seen = { byteOffset: 2, length: 3, bytes: ROOM };
    for (let run = 1; run <= TIMES; run++) {
      expect(await pool.submit(look, [Buffer.from(buffer, 2, 3), run])).toEqual({ kind: 'Buffer', ...seen });
      expect(await pool.submit(look, [new Mine(buffer, 2, 3), run])).toEqual({ kind: 'Int16Array', ...seen });
    }
  });

  test('grows where its memory does', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const Growable = SharedArrayBuffer as unknown as new (
      bytes: number,
      options: object,
    ) => SharedArrayBuffer & { grow(bytes: number): void };
    const buffer = new Growable(8, { maxByteLength: ROOM });
    const view = new Uint8Array(buffer);
    for (let run = 1; run <= TIMES; run++) {
      buffer.grow(8 + run);
      expect(await pool.submit((bytes: Uint8Array) => bytes.length, [view])).toBe(8 + run);
    }
  });

  test('is right behind a job that was taken back with what was to stay', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [a, b] = [new Int32Array(new SharedArrayBuffer(ROOM)), new Int32Array(new SharedArrayBuffer(ROOM))];
    const mark = (view: Int32Array, value: number) => Atomics.add(view, 0, value);
    for (const view of [a, b]) await pool.submit(mark, [view, 1]); // both are known to have come once
    using gate = await occupy(pool);
    const taken = pool.submit(mark, [a, 10]);
    await new Promise((resolve) => setImmediate(resolve)); // it is in the lane
    taken.cancel();
    const rest = [pool.submit(mark, [b, 100]), pool.submit(mark, [a, 1000]), pool.submit(mark, [b, 1000])];
    gate.open();
    await Promise.all(rest);
    expect([a[0], b[0]]).toEqual([1001, 1101]);
  });

  test('is not kept where it is given up before the entry that brings it is read', () => {
    const buffer = new SharedArrayBuffer(ROOM);
    const received = new ReceivedBuffers(() => [buffer]);
    received.forget(0);
    expect(received.get(0)).toBe(buffer);
    expect(received.get(0)).toBeUndefined();
  });

  test('is kept by no worker once nobody has it', async () => {
    const { stdout, stderr } = await runProgram(
      `
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      let view = new Int32Array(new SharedArrayBuffer(64));
      const remember = (given) => { globalThis.known = new WeakRef(given.buffer); return given.length; };
      for (let run = 0; run < 4; run++) await pool.submit(remember, [view]);
      const isKept = () => { globalThis.gc(); return globalThis.known.deref() !== undefined; };
      console.log(await pool.submit(isKept));
      view = undefined;
      for (let i = 0; i < 200; i++) {
        globalThis.gc();
        await new Promise((resolve) => setTimeout(resolve, 10));
        if (!(await pool.submit(isKept))) break;
      }
      console.log(await pool.submit(isKept));
      await pool.shutdown();`,
      { flags: ['--expose-gc'] },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'true\nfalse\n', stderr: '' });
  });
});
