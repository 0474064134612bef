import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import Piscina from '../../../examples/migrating/piscina.ts';
import { SharedGate } from './gate.ts';

const at = (name: string): string => new URL(`./fixtures/${name}`, import.meta.url).href;
const behaviour = at('behaviour.mjs');

describe('a program for piscina, with the adapter', () => {
  test('runs the default export of its worker file', async () => {
    await using piscina = new Piscina({ filename: at('arithmetic.mjs'), minThreads: 0, maxThreads: 2 });
    expect(await piscina.run({ a: 4, b: 6 })).toBe(10);
  });

  test('runs named exports', async () => {
    await using piscina = new Piscina({ filename: at('arithmetic.mjs'), minThreads: 0, maxThreads: 2 });
    const [product, difference] = await Promise.all([
      piscina.run({ a: 4, b: 6 }, { name: 'multiply' }),
      piscina.run({ a: 4, b: 6 }, { name: 'later' }),
    ]);
    expect([product, difference]).toEqual([24, -2]);
  });

  test('names the file in each call, as a path, in CommonJS', async () => {
    await using piscina = new Piscina<number, number>({ minThreads: 0, maxThreads: 2 });
    expect(await piscina.run(12, { filename: fileURLToPath(at('square.cjs')) })).toBe(144);
    await expect(piscina.run(12)).rejects.toThrow('filename must be provided to run() or in options object');
  });

  test('awaits many calls at once', async () => {
    await using piscina = new Piscina<number, number>({ filename: at('square.cjs'), minThreads: 0, maxThreads: 2 });
    const squares = await Promise.all(Array.from({ length: 200 }, (_, n) => piscina.run(n)));
    expect(squares.at(-1)).toBe(199 * 199);
    expect(piscina.completed).toBe(200);
  });

  test('receives errors with their class and properties', async () => {
    await using piscina = new Piscina({ filename: at('arithmetic.mjs'), minThreads: 0, maxThreads: 1 });
    const error = await piscina.run('E_RANGE', { name: 'fail' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'out of range', code: 'E_RANGE' });
  });

  test('aborts a loop that runs, and goes on', async () => {
    await using piscina = new Piscina({ filename: behaviour, name: 'loop', minThreads: 0, maxThreads: 1 });
    const [gate, controller] = [new SharedGate(), new AbortController()];
    const looping = piscina.run(gate.words, { signal: controller.signal });
    await gate.begun();
    controller.abort('enough');
    await expect(looping).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' });
    expect(await piscina.run(undefined, { name: 'thread' })).toBeGreaterThan(0);
  });

  test('aborts by an EventEmitter', async () => {
    await using piscina = new Piscina({ filename: behaviour, minThreads: 0, maxThreads: 1 });
    const [gate, emitter] = [new SharedGate(), new EventEmitter()];
    const looping = piscina.run(gate.words, { name: 'loop', signal: emitter });
    await gate.begun();
    emitter.emit('abort');
    await expect(looping).rejects.toThrow('The task has been aborted');
  });

  test('does not begin what is aborted before', async () => {
    await using piscina = new Piscina({ filename: behaviour, minThreads: 0, maxThreads: 1 });
    const calls = piscina.run(0, { name: 'exit', signal: AbortSignal.abort() });
    await expect(calls).rejects.toMatchObject({ name: 'AbortError' });
    expect(piscina.completed).toBe(0);
  });

  test('is refused calls past the limit of its queue', async () => {
    await using piscina = new Piscina({ filename: behaviour, minThreads: 0, maxThreads: 1, maxQueue: 1 });
    const gate = new SharedGate();
    const calls = [1, 2].map(() => piscina.run(gate.words, { name: 'waitFor' }));
    await expect(piscina.run(gate.words, { name: 'waitFor' })).rejects.toThrow('Task queue is at limit');
    gate.open();
    expect(await Promise.all(calls)).toEqual(['let go', 'let go']);
  });

  test('stops to read while the queue is full, and goes on when it has drained', async () => {
    await using piscina = new Piscina<number, number>({
      ...{ filename: at('square.cjs'), minThreads: 0, maxThreads: 2, maxQueue: 'auto' },
    });
    const calls: Promise<number>[] = [];
    let drained = 0;
    for (let n = 0; n < 50; n++) {
      calls.push(piscina.run(n));
      if (!piscina.needsDrain) continue;
      await once(piscina, 'drain');
      drained++;
    }
    expect((await Promise.all(calls)).length).toBe(50);
    expect(drained).toBeGreaterThan(1);
  });

  test('moves buffers in and out', async () => {
    await using piscina = new Piscina<{ bytes: Uint8Array }, Uint8Array>({
      ...{ filename: at('images.mjs'), minThreads: 0, maxThreads: 1 },
    });
    const bytes = new Uint8Array([0, 255, 1]);
    const inverted = await piscina.run({ bytes }, { transferList: [bytes.buffer] });
    expect([bytes.byteLength, [...inverted]]).toEqual([0, [255, 0, 254]]);
  });

  test('passes data, environment and arguments to its threads', async () => {
    await using piscina = new Piscina({
      ...{ filename: behaviour, name: 'about', minThreads: 0, maxThreads: 1 },
      ...{ workerData: { color: 'red' }, env: { MODE: 'test' }, argv: ['--fast'] },
    });
    const seen = { isMainThread: false, workerData: { color: 'red' }, mode: 'test', argv: ['--fast'] };
    expect(await piscina.run(undefined)).toEqual(seen);
    expect(Piscina.isWorkerThread).toBe(false);
  });

  test('is told of a thread that a task has ended', async () => {
    await using piscina = new Piscina({ filename: behaviour, name: 'exit', minThreads: 0, maxThreads: 1 });
    await expect(piscina.run(3)).rejects.toThrow('worker exited with code: 3');
  });

  test('is told of errors after a task by the event error', async () => {
    await using piscina = new Piscina({ filename: behaviour, name: 'rejectLater', minThreads: 1, maxThreads: 1 });
    const told = once(piscina, 'message').catch((error: unknown) => error); // `once` rejects by the event 'error'
    await piscina.run(undefined);
    expect(await told).toMatchObject({ message: 'after the task' });
  });

  test('closes when all has run', async () => {
    const piscina = new Piscina<number, number>({ filename: at('square.cjs'), minThreads: 0, maxThreads: 1 });
    const calls = [1, 2, 3].map((n) => piscina.run(n));
    await piscina.close();
    expect(await Promise.all(calls)).toEqual([1, 4, 9]);
    await expect(piscina.run(4)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('is destroyed while tasks run and wait', async () => {
    const piscina = new Piscina({ filename: behaviour, minThreads: 0, maxThreads: 1 });
    const gate = new SharedGate();
    const calls = Promise.allSettled([
      piscina.run(gate.words, { name: 'loop' }),
      piscina.run(undefined, { name: 'thread' }),
    ]);
    await gate.begun();
    await piscina.destroy();
    for (const call of await calls)
      expect(call).toMatchObject({ status: 'rejected', reason: { message: 'Terminating worker thread' } });
  });

  test('reads its figures', async () => {
    await using piscina = new Piscina({ filename: behaviour, minThreads: 0, maxThreads: 1 });
    const created = once(piscina, 'workerCreate');
    const gate = new SharedGate();
    const calls = [1, 2].map(() => piscina.run(gate.words, { name: 'waitFor' }));
    await gate.begun();
    expect([piscina.queueSize, piscina.threads.length, piscina.idleThreads]).toEqual([1, 1, 0]);
    expect(await created).toEqual([{ id: 0 }]);
    gate.open();
    await Promise.all(calls);
    const { runTime, waitTime } = piscina.histogram;
    expect([piscina.completed, piscina.queueSize]).toEqual([2, 0]);
    expect(Math.min(piscina.duration, piscina.utilization, runTime.average, waitTime.max)).toBeGreaterThan(0);
  });
});
