import { describe, expect, test } from '@jest/globals';
import { Job, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

const stackOf = (job: Job): string => (job.error as Error).stack ?? '';

/** Each way to submit a job that fails. */
const submitters: Readonly<Record<string, (pool: ThreadPool) => Job>> = {
  submit: function bySubmit(pool) {
    return pool.submit(tasks.fail, ['no'], { name: 'failing' });
  },
  submitJob: function bySubmitJob(pool) {
    return pool.submitJob(new Job(tasks.fail, ['no'], { name: 'failing' }));
  },
  submitMany: function bySubmitMany(pool) {
    const [job] = pool.submitMany(tasks.fail, [['no']], { name: 'failing' });
    return job as Job;
  },
};

describe('submitStacks', () => {
  test.each(Object.entries(submitters))(
    'shows the line that called %s, below the frames of the task',
    async (name, call) => {
      await using pool = new ThreadPool({ maxWorkers: 1, submitStacks: true });
      const job = call(pool);
      await expect(job).rejects.toThrow('no');
      const [theirs = '', ours = ''] = stackOf(job).split("\n    --- submitted as job 'failing' ---\n");
      expect(theirs).toMatch(/^RangeError: no\n {4}at .*basic\.mjs/);
      expect(ours.split('\n')[0]).toMatch(new RegExp(`by${name}.*submit-stacks\\.test\\.ts`, 'i'));
      expect(ours).not.toContain('core/pool');
    },
  );

  test('is off by default', async () => {
    for (const options of [{}, { submitStacks: false }] as ThreadPoolOptions[]) {
      await using pool = new ThreadPool({ maxWorkers: 1, ...options });
      const job = pool.submit(tasks.fail, ['no']);
      await expect(job).rejects.toThrow('no');
      expect(stackOf(job)).not.toMatch(/submitted|submit-stacks/);
    }
  });

  test('shows it once, however many attempts there were', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, submitStacks: true });
    const job = pool.submit(tasks.fail, ['no'], { retry: { maxAttempts: 3 } });
    await expect(job).rejects.toThrow('no');
    expect(stackOf(job).match(/--- submitted/g)).toHaveLength(1);
  });

  test('shows it in the errors of jobs that never ran', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, submitStacks: true, maxQueue: 0 });
    using gate = await occupy(pool);
    const late = pool.submit(tasks.echo, [1], { deadline: 0 });
    const unsendable = pool.submit(tasks.echo, [() => {}]);
    const refused = pool.submit(tasks.echo, [1]);
    await Promise.allSettled([late, unsendable, refused]);
    gate.open();
    for (const job of [late, unsendable, refused])
      expect(stackOf(job)).toMatch(/--- submitted as job 'echo' ---\n.*submit-stacks\.test\.ts/);
  });

  test('leaves alone what is thrown that is no Error', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, submitStacks: true });
    const job = pool.submit(tasks.throwValue, ['text']);
    await expect(job).rejects.toMatchObject({ thrown: 'text' });
  });

  test('that is no boolean is refused', () => {
    expect(() => new ThreadPool({ submitStacks: 1 } as never)).toThrow(
      new TypeError('Cannot create pool: submitStacks must be a boolean, received 1'),
    );
  });
});
