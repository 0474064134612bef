import type { MessagePort } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import { until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { fixture } from '../support/tasks.ts';

interface StreamTasks {
  numbers(count: number): ReadableStream<number>;
  nested(count: number): { list: Map<string, ReadableStream<number>> };
  failing(): ReadableStream<number>;
  endless(): ReadableStream<number>;
  seen(): unknown[];
  sink(): WritableStream<unknown>;
  doubled(): TransformStream<number, number>;
  sum(stream: ReadableStream<number>): Promise<number>;
  readLater(stream: ReadableStream<number>): string;
  ticks(count: number): MessagePort;
  deepChunks(depth: number): ReadableStream<unknown>;
  writeDeep(stream: WritableStream<unknown>, depth: number): Promise<void>;
  die(): never;
}

const tasks = taskModule<StreamTasks>(fixture('streams.mjs'));
const turns = async (count: number): Promise<void> => {
  for (; count > 0; count--) await new Promise((resolve) => setTimeout(resolve, 1));
};

async function readAll<T>(stream: ReadableStream<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) {
    all.push(item);
    await turns(3);
  }
  return all;
}

/** A stream of this thread, and why it was cancelled. */
function source(count: number): { stream: ReadableStream<number>; cancelled: Promise<unknown> } {
  let resolve: (reason: unknown) => void;
  const cancelled = new Promise<unknown>((set) => {
    resolve = set;
  });
  let n = 0;
  const stream = new ReadableStream<number>({
    pull: (controller) => (++n > count ? controller.close() : controller.enqueue(n)),
    cancel: (reason) => resolve(reason),
  });
  return { stream, cancelled };
}

const lost = { code: 'ERR_WORKER_EXITED' };

describe.each(['thread', 'inline'] as const)('a stream that a task moves (%s)', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool =>
    new ThreadPool({ kind, maxWorkers: 1, idleTimeoutMs: 0, ...options });

  test('is read to its end although its worker has nothing else to do; then that ends', async () => {
    await using pool = makePool();
    expect(await readAll(await pool.submit(tasks.numbers, [20]))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await until(() => pool.metrics().workers.length === 0);
  });

  test('may stand anywhere in the result', async () => {
    await using pool = makePool();
    const { list } = await pool.submit(tasks.nested, [3]);
    expect(await readAll(list.get('numbers') as ReadableStream<number>)).toEqual([1, 2, 3]);
  });

  test('is read to its end while the pool shuts down, or shrinks', async () => {
    const pool = makePool({ maxWorkers: 2, graceMs: 20_000 });
    const first = readAll(await pool.submit(tasks.numbers, [10]));
    pool.resize(1);
    expect(await first).toHaveLength(10);
    const second = readAll(await pool.submit(tasks.numbers, [10]));
    await pool.shutdown();
    expect(await second).toHaveLength(10);
  });

  test('that does not end within the grace fails for its reader; so it does by abort', async () => {
    for (const options of [{}, { mode: 'abort' }] as const) {
      const pool = makePool({ graceMs: 20 });
      const reading = readAll(await pool.submit(tasks.endless)).catch((error: unknown) => error);
      await pool.shutdown(options);
      expect(await reading).toMatchObject(lost);
    }
  });

  test('brings the error of its source, and takes the cancel of its reader there', async () => {
    await using pool = makePool();
    await expect(readAll(await pool.submit(tasks.failing))).rejects.toMatchObject({
      name: 'RangeError',
      message: 'dry',
    });
    const stream = await pool.submit(tasks.endless);
    const reader = stream.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 0 });
    await reader.cancel(new Error('seen enough'));
    await until(() => pool.metrics().workers.length === 0);
  });

  test('is written to by this thread, to its end', async () => {
    await using pool = makePool();
    const writer = (await pool.submit(tasks.sink)).getWriter();
    for (let i = 0; i < 10; i++) {
      await writer.write({ i });
      await turns(2);
    }
    const seen = pool.submit(tasks.seen);
    expect(await seen).toHaveLength(10);
    await writer.close();
  });

  test('transforms for this thread', async () => {
    await using pool = makePool();
    const transform = await pool.submit(tasks.doubled);
    expect(transform).toBeInstanceOf(TransformStream);
    expect(await readAll(source(5).stream.pipeThrough(transform))).toEqual([2, 4, 6, 8, 10]);
  });

  test('given as an argument is read to its end, also after the job', async () => {
    await using pool = makePool();
    const { stream } = source(10);
    expect(await pool.submit(tasks.sum, [stream], { transfer: [stream] as never })).toBe(55);
    const { stream: later } = source(10);
    expect(await pool.submit(tasks.readLater, [later], { transfer: [later] as never })).toBe('later');
    await until(() => pool.metrics().workers.length === 0);
  });

  test('that is locked is refused, as by Node', async () => {
    await using pool = makePool();
    const { stream } = source(1);
    stream.getReader();
    const job = pool.submit(tasks.sum, [stream], { transfer: [stream] as never });
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  });
});

describe('a chunk that cannot be read where it arrives', () => {
  /** The stack of a worker holds it, and that of this thread does not. */
  const DEPTH = 6000;
  const unread = { code: 'ERR_NOT_CLONEABLE', path: 'chunk' };

  test('fails its reader, and cancels the source', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const stream = await pool.submit(tasks.deepChunks, [DEPTH]);
    await expect(stream.getReader().read()).rejects.toMatchObject(unread);
    let seen: unknown[] = [];
    while (seen.length === 0) seen = await pool.submit(tasks.seen);
    expect(seen).toHaveLength(1);
  });

  test('fails its writer, and aborts the sink', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const aborted = new Promise<unknown>((abort) => {
      const sink = new WritableStream<unknown>({ abort });
      const job = pool.submit(tasks.writeDeep, [sink, DEPTH], { transfer: [sink] as never });
      expect(job).rejects.toMatchObject(unread).catch(abort);
    });
    expect(await aborted).toMatchObject(unread);
  });
});

describe('a thread that dies', () => {
  test('fails the streams it served, read and written', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const stream = await pool.submit(tasks.endless);
    const reader = stream.getReader();
    await reader.read();
    const writer = (await pool.submit(tasks.sink)).getWriter();
    writer.closed.catch(() => {});
    await writer.write(1);
    await expect(pool.submit(tasks.die)).rejects.toMatchObject(lost);
    await expect(
      (async () => {
        for (;;) await reader.read();
      })(),
    ).rejects.toMatchObject(lost);
    await expect(writer.write(2)).rejects.toMatchObject(lost);
  });

  test('cancels the streams that it was given', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { stream, cancelled } = source(1_000_000);
    await pool.submit(tasks.readLater, [stream], { transfer: [stream] as never });
    await pool.submit(tasks.die).catch(() => {});
    expect(await cancelled).toMatchObject(lost);
  });
});

test('a port that a task moves keeps its worker from being idle until it is closed', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, idleTimeoutMs: 0 });
  const port = await pool.submit(tasks.ticks, [10]);
  const seen: number[] = [];
  port.on('message', (n: number) => seen.push(n));
  await new Promise((resolve) => port.once('close', resolve));
  expect(seen).toHaveLength(10);
  await until(() => pool.metrics().workers.length === 0);
});

test('a stream that nobody reads keeps neither the process, nor, once it is forgotten, its worker', async () => {
  const make = `import { ThreadPool, taskModule } from 'thread-system';
    const tasks = taskModule(${JSON.stringify(fixture('streams.mjs').href)});
    const pool = new ThreadPool({ maxWorkers: 1, idleTimeoutMs: 0 });
    let stream = await pool.submit(tasks.endless);`;
  const kept = await runProgram(`${make} console.log(stream.locked);`);
  expect({ code: kept.code, stdout: kept.stdout }).toEqual({ code: 0, stdout: 'false\n' });
  const forgotten = await runProgram(
    `${make} stream = undefined;
     while (pool.metrics().workers.length > 0) {
       gc();
       await new Promise((resolve) => setTimeout(resolve, 5));
     }
     console.log('it has ended');`,
    { flags: ['--expose-gc'] },
  );
  expect(forgotten.stdout).toBe('it has ended\n');
});
