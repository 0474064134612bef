import { beforeAll, describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** What both programs begin with. */
const START = `
  import { ThreadPool, Thread, JobGraph } from 'thread-system';
  const warnings = [];
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => warnings.push(name + ': ' + message));
  /** Until the garbage collector has told of all that is gone. */
  const collect = async () => { for (let i = 0; i < 10; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); } };`;

/** A program with one job that fails; `look` is what is done with it. Prints whether there was a warning. */
const program = (look: string): string => `${START}
  const bad = () => { throw new Error('no'); };
  const pool = new ThreadPool({ maxWorkers: 1 });
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

/** Ways to look at a failed job. */
const LOOKS: readonly (readonly [how: string, look: string])[] = [
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
];

/**
 * A program with a pool for each of `looks`, with a job that fails: `bad`, whose name and error say of which look. Prints the
 * warnings of each look; those that say of none are of all.
 */
const programOfAll = (looks: readonly string[]): string => `${START}
  const told = ${JSON.stringify(looks.map(() => [] as string[]))};
  const tell = () => {
    for (const warning of warnings.splice(0)) {
      const [, index] = /\\blook(\\d+)\\b/.exec(warning) ?? [];
      if (index === undefined) for (const list of told) list.push(warning);
      else told[index].push(warning);
    }
  };
  const looks = [${looks
    .map(
      (look, i) =>
        `async (pool) => { const look${i} = () => { throw new Error('look${i}'); }, bad = look${i}; ${look} }`,
    )
    .join(',\n')}];
  for (const look of looks) {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await look(pool);
    await collect();
    await pool.shutdown();
  }
  process.once('exit', () => { tell(); console.log(JSON.stringify(told)); });`;

describe('a failure that somebody looks at, however late, is no alarm:', () => {
  let told: readonly (readonly string[])[] = [];
  beforeAll(async () => {
    // the last does not look, as a proof that the program would tell
    const looks = [...LOOKS.map(([, look]) => look), `pool.submit(bad); await pool.waitAll();`];
    const { stdout, stderr } = await runProgram(programOfAll(looks), { flags: ['--expose-gc'] });
    expect(stderr).toBe('');
    told = JSON.parse(stdout);
    expect(told.at(-1)).toEqual([expect.stringMatching(UNOBSERVED)]);
  });

  test.each(LOOKS.map(([how], i) => [how, i] as const))('%s', (_how, i) => {
    expect(told[i]).toEqual([]);
  });
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
