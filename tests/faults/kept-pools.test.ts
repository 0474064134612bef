import { expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** How many of the objects in `refs`, WeakRefs that `text` fills, are still reachable, of how many. `after` ends what goes on. */
async function keptOf(text: string, after = ''): Promise<string> {
  const { stdout, stderr } = await runProgram(
    `
    import { ThreadPool } from 'thread-system';
    const refs = [];
    ${text}
    const kept = () => refs.filter((ref) => ref.deref() !== undefined).length;
    for (let i = 0; i < 20 && kept() > 0; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      gc();
    }
    console.log(kept() + ' of ' + refs.length);
    ${after}`,
    { flags: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  return stdout.trim();
}

const poolWith = (options: string, jobOptions = '{}'): string =>
  `const pool = new ThreadPool({ maxWorkers: 1, ${options} }); refs.push(new WeakRef(pool));
   await pool.submit((x) => x, [1], ${jobOptions}); await pool.shutdown();`;

// a timer of an hour that holds the pool is one that `shutdown` has forgotten
test.each<[string, string]>([
  ['without options', poolWith('')],
  ['that recycles its workers by age', poolWith('recycle: { afterMs: 3_600_000 }')],
  ['that recycles its workers by jobs', poolWith('recycle: { afterJobs: 1000 }')],
  ['that remembers where jobs with a key ran', poolWith('idleTimeoutMs: 3_600_000', `{ affinity: 'key' }`)],
  ['that has run an exclusive job', poolWith('idleTimeoutMs: 3_600_000', '{ exclusive: true }')],
  ['whose jobs age', poolWith('aging: { everyMs: 3_600_000, step: 1, starvationMs: 3_600_000 }')],
  ['with time limits', poolWith('', '{ timeoutMs: 3_600_000, deadline: new Date(Date.now() + 3_600_000) }')],
  ['whose shutdown has a time limit', poolWith('').replace('shutdown()', 'shutdown({ timeoutMs: 3_600_000 })')],
  ['with a bound', poolWith('maxQueue: 1')],
  [
    'with a schedule',
    poolWith('').replace(
      'await pool.submit',
      'pool.schedule((x) => x, [1], { everyMs: 3_600_000 }); await pool.submit',
    ),
  ],
])('a pool that was shut down is kept by nothing: one %s', async (_name, text) => {
  const rounds = `const round = async () => { ${text} }; for (let i = 0; i < 5; i++) await round();`;
  expect(await keptOf(rounds)).toBe('0 of 5');
});

test('a job that depends on one that has failed is not kept by the others it depends on', async () => {
  const rounds = `
    const pool = new ThreadPool({ maxWorkers: 1 });
    const failed = pool.submit(() => { throw new Error('no'); });
    await failed.catch(() => {});
    const never = pool.submit((x) => x, [1], { delayMs: 3_600_000 });
    const round = async (dependsOn) => {
      const job = pool.submit((x) => x, [1], { dependsOn });
      refs.push(new WeakRef(job));
      await job.catch(() => {});
    };
    for (const dependsOn of [[failed, never], [never, failed], [failed]]) await round(dependsOn);`;
  expect(await keptOf(rounds, 'never.cancel(); never.error; await pool.shutdown();')).toBe('0 of 3');
});
