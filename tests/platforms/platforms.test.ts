import { describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

// Runs on Node.js by Jest, and on Bun and Deno by scripts/platforms.mjs.

/** Prints what is said to each feature that not all platforms have. */
const ASKING = `
  const { ThreadPool } = await import('thread-system');
  const said = [];
  const refusal = ({ name, message }) => said.push(name + ': ' + message);
  const given = [{ kind: 'process' }, { resourceLimits: { stackSizeMb: 4 } }, { execArgv: [] }, { stdout: true }];
  for (const options of given) {
    try {
      await new ThreadPool({ maxWorkers: 1, ...options }).shutdown();
      said.push('taken');
    } catch (error) {
      refusal(error);
    }
  }
  const pool = new ThreadPool({ maxWorkers: 1 });
  await pool.profile(() => pool.submit(() => 1)).then(() => said.push('taken'), refusal);
  await pool.shutdown();
  console.log(JSON.stringify(said));`;

async function saidBy(program: string): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram(program);
  return code === 0 ? JSON.parse(stdout) : stderr;
}

const TAKEN = ['taken', 'taken', 'taken', 'taken', 'taken'];

const refusedOn = (name: string, version = '1.2.3'): string[] => {
  const refused = (feature: string, instead: string, on = 'Node.js'): string =>
    `TypeError: Cannot ${feature} is not supported on ${name} ${version}, only on ${on}: ${instead}`;
  const printed = 'leave it out, and tasks print to the streams of the process';
  return [
    refused("create pool: kind 'process'", "use kind 'thread'"),
    refused('create pool: resourceLimits', 'leave it out'),
    refused('create pool: execArgv', 'leave it out'),
    name === 'Deno' ? refused('create pool: stdout', printed, 'Node.js and Bun') : 'taken',
    refused("profile: profile of kind 'thread'", "use a pool of kind 'inline', whose jobs run on this thread"),
  ];
};

const { versions } = process;
const other = Object.entries({ bun: 'Bun', deno: 'Deno' }).find(([name]) => name in versions);

describe('what a platform lacks', () => {
  test('is refused on it by an error that names it and what to do, and taken elsewhere', async () => {
    expect(await saidBy(ASKING)).toEqual(other === undefined ? TAKEN : refusedOn(other[1], versions[other[0]]));
  });

  test.each([
    ['bun', 'Bun'],
    ['deno', 'Deno'],
  ])('is known by its name among the versions: %s', async (key, name) => {
    if (other !== undefined) return; // it is another platform than this already
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, ${key}: '1.2.3' } });`;
    expect(await saidBy(pretend + ASKING)).toEqual(refusedOn(name));
  });
});

test('ten thousand jobs run on two workers, and each has its result', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  const jobs = pool.submitMany(
    tasks.echo,
    Array.from({ length: 10_000 }, (_, i) => [i]),
  );
  expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i));
  expect(pool.metrics()).toMatchObject({ completed: 10_000, pending: 0, active: 0 });
});

test('a rejection that nobody handles is reported, and its worker goes on', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 0 });
  const late = new Promise<Error>((resolve) => pool.on('lateError', ({ error }) => resolve(error)));
  const job = pool.submit(() => {
    void Promise.reject(new Error('nobody handles it'));
    return new Promise<never>((_, reject) => setTimeout(() => reject(new Error('later')), 50));
  });
  const failure = job.then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  // Bun does not tell whose code has left it
  const reported = other?.[1] === 'Bun' ? await late : await failure;
  expect(reported).toMatchObject({ message: 'nobody handles it' });
  expect(await failure).toMatchObject({ message: other?.[1] === 'Bun' ? 'later' : 'nobody handles it' });
  expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  expect(pool.metrics().workers.map(({ id }) => id)).toEqual([job.workerId]);
});
