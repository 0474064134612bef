import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** What is kept, in bytes, of each of many rounds of `text`, whose things are all forgotten. */
async function keptOf(text: string): Promise<number> {
  const { stdout, stderr } = await runProgram(
    `
    import { JobGraph, ThreadPool, Thread } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1 });
    const server = pool.group('server');
    const one = (x) => x;
    const round = async () => { ${text} };
    const heap = async () => {
      for (let i = 0; i < 8; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
      return process.memoryUsage().heapUsed;
    };
    for (let i = 0; i < 300; i++) await round();
    const before = await heap();
    for (let i = 0; i < 1500; i++) await round();
    console.log((await heap() - before) / 1500);
    await pool.shutdown();`,
    { flags: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  return Number(stdout);
}

describe('memory returns of', () => {
  test.each<[string, string]>([
    [
      'a group within one that lives long',
      `const group = server.group('request'); group.submit(one, [1]); await group.waitAll();`,
    ],
    ['a group two levels down', `const group = server.group('request').group('part'); await group.submit(one, [1]);`],
    [
      'a group that was cancelled',
      `const group = server.group('request'); const job = group.submit(one, [1]); group.cancel(); await group.waitAll(); job.error;`,
    ],
    [
      'a group that has ended',
      `const group = server.group('request'); group.submit(one, [1]); await group[Symbol.asyncDispose]();`,
    ],
    ['jobs of a group', `await server.submit(one, [1]);`],
    [
      'a graph that has run',
      `const graph = new JobGraph(); const a = graph.add('a', one, [1]); graph.add('b', one, [a.output]); await graph.run(pool);`,
    ],
    [
      'a schedule that was cancelled',
      `const schedule = pool.schedule(one, [1], { everyMs: 1000 }); schedule.cancel();`,
    ],
    [
      'progress listeners',
      `const job = pool.submit(function () { this.report(1); }); job.onProgress(() => {}); await job;`,
    ],
    [
      'failed jobs that nobody looked at, and some that somebody did',
      `const job = pool.submit(() => { throw new Error('no'); }); await pool.waitAll(); job.error;`,
    ],
    ['listeners that are taken off', `pool.on('jobCompleted', () => {})(); server.token.onCancel(() => {})();`],
  ])('%s', async (_what, text) => {
    expect(await keptOf(text)).toBeLessThan(600);
  }); // prettier-ignore

  test('a thread that was joined', async () => {
    const { stdout } = await runProgram(
      `
      import { Thread } from 'thread-system';
      const refs = [];
      const round = async () => { const thread = Thread.run('t', () => 1); await thread.join(); refs.push(new WeakRef(thread)); };
      for (let i = 0; i < 5; i++) await round();
      for (let i = 0; i < 50 && refs.slice(0, 4).some((ref) => ref.deref()); i++) { await new Promise((resolve) => setTimeout(resolve, 10)); gc(); }
      console.log(refs.slice(0, 4).filter((ref) => ref.deref()).length);`,
      { flags: ['--expose-gc'] },
    );
    expect(stdout).toBe('0\n');
  });
});
