import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** What a program prints that ends by itself. */
async function printed(text: string, flags: string[] = []): Promise<string> {
  const { stdout, stderr, code } = await runProgram(`import * as library from 'thread-system';\n${text}`, { flags });
  expect(stderr.replaceAll(/Warning: Detected unsettled top-level await.*[\s\S]*/g, '')).toBe('');
  return `${stdout.trim()} (${code})`;
}

describe('a process', () => {
  test('does not stay for waits without a time', async () => {
    expect(
      await printed(`
        const { Signal, Latch, Barrier, Semaphore, Mutex, Condition, CancellationToken } = library;
        const [mutex, other] = [new Mutex(), new Mutex()];
        const leases = [await mutex.lock(), await other.lock()];
        for (const wait of [
          new Signal().wait(), new Latch(1).wait(), new Barrier(2).arriveAndWait(), new Semaphore(0).acquire(),
          mutex.lock(), new Condition(other).wait(), new CancellationToken().wait(), Signal.NEVER.wait(),
        ]) wait.then(() => console.log('went on'));
        console.log('end');`),
    ).toBe('end (0)');
  }, 40_000);

  test('stays for a wait with a time, and for a Till that is awaited', async () => {
    expect(
      await printed(`
        const { Signal, Semaphore, Till } = library;
        await Promise.all([new Signal().wait({ timeoutMs: 30 }), new Semaphore(0).acquire({ timeoutMs: 50 })]);
        await new Till({ ms: 30 }).wait();
        await new Signal().or(new Till({ ms: 30 })).wait();
        console.log('all');`),
    ).toBe('all (0)');
  }, 40_000);

  test('does not stay for the timers of tokens, nor for a Till that nobody awaits', async () => {
    expect(
      await printed(`
        const { CancellationToken, Till } = library;
        CancellationToken.timeout(2 ** 30).onCancel(() => console.log('cancelled'));
        CancellationToken.deadline(Date.now() + 2 ** 30).signal.addEventListener('abort', () => {});
        new Till({ ms: 2 ** 30 });
        console.log('end');`),
    ).toBe('end (0)');
  }, 40_000);

  test('stays no longer once such a wait has ended in another way', async () => {
    expect(
      await printed(`
        const { Signal, CancellationToken } = library;
        const signal = new Signal();
        const waiting = signal.wait({ timeoutMs: 2 ** 30 });
        const token = new CancellationToken();
        const cancelled = new Signal().wait({ timeoutMs: 2 ** 30, token });
        signal.go();
        token.cancel('no');
        console.log(await waiting, await cancelled.catch((error) => error.reason));`),
    ).toBe('true no (0)');
  }, 40_000);
});

test('100 000 tokens, children and signals that are dropped leave nothing behind', async () => {
  const figures = await printed(
    `
    const { CancellationToken, Signal, Semaphore } = library;
    const parent = new CancellationToken();
    const { signal } = new AbortController();
    const round = () => {
      for (let i = 0; i < 100_000; i++) {
        const child = parent.child();
        const off = child.onCancel(() => {});
        off();
        CancellationToken.from(signal).isCancelled;
        CancellationToken.timeout(2 ** 30);
        new Signal().or(new Signal()).isSet;
      }
    };
    const heapMb = async () => {
      for (let i = 0; i < 4; i++) { await new Promise((resolve) => setTimeout(resolve, 10)); globalThis.gc(); }
      return process.memoryUsage().heapUsed / 1e6;
    };
    round();
    const before = await heapMb();
    round();
    round();
    console.log(Math.max(0, Math.round((await heapMb()) - before)));`,
    ['--expose-gc'],
  );
  expect(Number(figures.split(' ')[0])).toBeLessThan(5);
}, 60_000);
