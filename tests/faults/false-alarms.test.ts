import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** A program with one job that fails; `look` is what is done with it. Prints whether there was a warning. */
const program = (look: string): string => `
  import { ThreadPool, Thread, JobGraph } from 'thread-system';
  const warnings = [];
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => warnings.push(name + ': ' + message.slice(0, 60)));
  const bad = () => { throw new Error('no'); };
  const pool = new ThreadPool({ maxWorkers: 1 });
  /** Until the garbage collector has told of all that is gone. */
  const collect = async () => { for (let i = 0; i < 10; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); } };
  const print = () => console.log(warnings.join() || 'none');
  await (async () => { ${look} })();
  await collect();
  await pool.shutdown();
  process.once('exit', print);`;

const UNOBSERVED = /^UnobservedJobFailure: /;

async function warningOf(look: string): Promise<string> {
  const { stdout, stderr } = await runProgram(program(look), { flags: ['--expose-gc'] });
  return stdout.trim() + stderr;
}

describe('a failure that somebody looks at, however late, is no alarm:', () => {
  test.each<[string, string]>([
    [
      'given out by asCompleted, its state read',
      `for await (const job of pool.asCompleted([pool.submit(bad)])) job.state;`,
    ],
    [
      'given out by asCompleted, its error read in the end',
      `const failed = []; for await (const job of pool.asCompleted([pool.submit(bad)])) failed.push(job);
       await collect(); for (const job of failed) String(job.error);`,
    ],
    [
      'awaited by waitAll, then its error read',
      `const job = pool.submit(bad); await pool.waitAll(); await collect(); job.error;`,
    ],
    ['its state', `const job = pool.submit(bad); await pool.waitAll(); await collect(); job.state;`],
    ['its result', `const job = pool.submit(bad); await pool.waitAll(); await collect(); job.result;`],
    [
      'a catch that comes late',
      `const job = pool.submit(bad); await pool.waitAll(); await collect(); await job.catch(() => {});`,
    ],
    [
      'a then that comes late',
      `const job = pool.submit(bad); await pool.waitAll(); await collect(); await job.then(() => {}, () => {});`,
    ],
    [
      'allSettled that comes late',
      `const jobs = [pool.submit(bad), pool.submit(bad)]; await pool.waitAll(); await collect(); await Promise.allSettled(jobs);`,
    ],
    ['in JSON', `const job = pool.submit(bad); await pool.waitAll(); JSON.stringify(job);`],
    ['failures()', `const failures = pool.failures(); pool.submit(bad); await failures.next();`],
    [
      'a group that is waited for, then its jobs looked at',
      `const group = pool.group('g'); const job = group.submit(bad); await group.waitAll(); await collect(); job.state;`,
    ],
    ['a graph', `const graph = new JobGraph(); graph.add('a', bad); await graph.run(pool).catch(() => {});`],
    [
      'a thread that is joined late',
      `const thread = Thread.run('t', bad); await thread.stopped.wait(); await collect(); await thread.join().catch(() => {});`,
    ],
    [
      'a job that depends on it, which is looked at',
      `const job = pool.submit(bad); const next = pool.submit(() => 1, [], { dependsOn: [job] }); await next.catch(() => {});`,
    ],
    [
      'a map that is awaited late',
      `const map = pool.map(bad, [1]); await pool.waitAll(); await collect(); await map.catch(() => {});`,
    ],
    ['a listener that comes late', `pool.submit(bad); await pool.waitAll(); pool.on('jobFailed', () => {});`],
  ])('%s', async (_how, look) => {
    expect(await warningOf(look)).toBe('none');
  }); // prettier-ignore
});

describe('a failure that nobody looks at causes a warning, once a pool,', () => {
  test('when the job has been collected', async () => {
    const look = `(() => { pool.submit(bad); pool.submit(bad); })(); await pool.waitAll(); await collect();
      console.log(warnings.length); warnings.length = 0;`;
    expect(await warningOf(look)).toBe('1\nnone');
  });

  test('when the process ends and it is still held', async () => {
    expect(await warningOf(`globalThis.held = pool.submit(bad); await pool.waitAll();`)).toMatch(UNOBSERVED);
  });

  test('when process.exit() ends the process', async () => {
    expect(
      await warningOf(
        `globalThis.held = pool.submit(bad); await pool.waitAll(); process.once('exit', print); process.exit();`,
      ),
    ).toMatch(UNOBSERVED);
  });

  test('of a map, a thread that was released, a job that waited for another', async () => {
    expect(await warningOf(`globalThis.held = pool.map(bad, [1]); await pool.waitAll();`)).toMatch(UNOBSERVED);
    const released = `const thread = Thread.run('t', bad); const { stopped } = thread; thread.release(); await stopped.wait();`;
    expect(await warningOf(released)).toMatch(UNOBSERVED);
    const chain = `const job = pool.submit(bad); globalThis.held = pool.submit(() => 1, [], { dependsOn: [job], name: 'after' }); await pool.waitAll();`;
    expect(await warningOf(chain)).toMatch(/^UnobservedJobFailure: Job 'after'/);
  });
});
