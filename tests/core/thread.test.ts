import { describe, expect, test } from '@jest/globals';
import { CancelledError, Signal, Thread, WorkerExitError } from 'thread-system';
import { Gate, until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

/** Runs until it is asked to stop, and returns its name. */
async function follow(this: { name: string; token: { wait(): Promise<boolean> } }, words: Int32Array): Promise<string> {
  Atomics.add(words, 1, 1);
  await this.token.wait();
  return this.name;
}

describe('a thread', () => {
  test('runs its task, and is joined with what it returned', async () => {
    const thread = Thread.run('adder', tasks.add, [1, 2]);
    expect(thread.name).toBe('adder');
    expect(thread.job.name).toBe('adder');
    expect(await thread.join()).toBe(3);
    expect(await thread.join()).toBe(3);
    expect(thread.stopped).toBeInstanceOf(Signal);
    expect(thread.stopped.isSet).toBe(true);
  });

  test('has its name', async () => {
    const name = (await Thread.run('tail-log', async () => {
      const { threadName } = (await import('node:worker_threads')) as { threadName?: string };
      return threadName;
    }).join()) as string | undefined;
    if (name !== undefined) expect(name).toBe('tail-log-0'); // Node.js 20 does not tell it
  });

  test('is joined with what it threw', async () => {
    await expect(Thread.run('t', tasks.fail, ['no']).join()).rejects.toThrow(new RangeError('no'));
    await expect(Thread.run('t', tasks.exit, [3]).join()).rejects.toBeInstanceOf(WorkerExitError);
  });

  test('that was asked to stop is joined with what it still returned', async () => {
    using gate = new Gate();
    const thread = Thread.run('t', follow, [gate.words]);
    await gate.reachedBy(1);
    expect(thread.stopped.isSet).toBe(false);
    thread.stop('enough');
    thread.stop('once more');
    expect(await thread.join()).toBe('t');
    expect(thread.job.state).toBe('CANCELLED');
    expect(thread.job.error).toMatchObject({ reason: 'enough' });
  });

  test('that throws as it is asked to stop, or never began, is joined with a CancelledError', async () => {
    using gate = new Gate();
    const spinning = Thread.run('t', tasks.spin, [gate.words]);
    await gate.reachedBy(1);
    spinning.stop();
    await expect(spinning.join()).rejects.toBeInstanceOf(CancelledError);
    const young = Thread.run('t', tasks.add, [1, 2]);
    young.stop();
    await young.join().catch((error: unknown) => expect(error).toBeInstanceOf(CancelledError));
    expect(young.stopped.isSet).toBe(true);
  });

  test('that is deaf is ended after its grace', async () => {
    using gate = new Gate();
    const thread = Thread.run('t', tasks.deaf, [gate.words], { graceMs: 5 });
    await gate.reachedBy(1);
    thread.stop();
    await expect(thread.join()).rejects.toBeInstanceOf(CancelledError);
  });

  test('takes job options', async () => {
    const thread = Thread.run('t', tasks.failUntil, [3], { retry: { maxAttempts: 3 } });
    expect(await thread.join()).toBe(3);
    expect(thread.job.attempts).toBe(3);
  });

  test('tells others by its signal that it has ended, before it can be joined', async () => {
    using gate = new Gate();
    const first = Thread.run('first', follow, [gate.words]);
    const second = Thread.run('second', async (signal: Signal) => signal.wait(), [first.stopped]);
    first.stop();
    expect(await second.join()).toBe(true);
    expect(first.stopped.isSet).toBe(true);
    await first.join().catch(() => {});
  });
});

describe('child threads', () => {
  test('stop first, the youngest first, then their parent', async () => {
    using gate = new Gate();
    const order: string[] = [];
    const note = (thread: Thread<string>): Thread<string> => {
      thread.stopped.onGo(() => order.push(thread.name));
      return thread;
    };
    const root = note(Thread.run('root', follow, [gate.words]));
    const one = note(root.run('one', follow, [gate.words]));
    note(one.run('leaf', follow, [gate.words]));
    note(root.run('two', follow, [gate.words]));
    await gate.reachedBy(4);
    root.stop();
    expect(() => root.run('late', follow, [gate.words])).toThrow(
      "Cannot run thread 'late': its parent 'root' is being stopped",
    );
    expect(await root.join()).toBe('root');
    expect(order).toEqual(['two', 'leaf', 'one', 'root']);
  });

  test('are stopped when their parent ends by itself, which has ended after them', async () => {
    using gate = new Gate();
    using childGate = new Gate();
    const parent = Thread.run('parent', tasks.hold, [gate.words, 5]);
    const child = parent.run('child', follow, [childGate.words]);
    await childGate.reachedBy(1);
    gate.open();
    expect(await parent.join()).toBe(5);
    expect(child.stopped.isSet).toBe(true);
    expect(child.job.error).toMatchObject({ reason: 'its parent has ended' });
  });

  test('are stopped when their parent fails, and may fail or end alone', async () => {
    using gate = new Gate();
    const parent = Thread.run('parent', tasks.holdAsync, [gate.words]);
    await expect(parent.run('bad', tasks.fail, ['no']).join()).rejects.toThrow('no');
    const stopped = parent.run('stopped', follow, [gate.words]);
    await gate.reachedBy(2);
    stopped.stop();
    await stopped.join();
    expect(parent.job.state).toBe('RUNNING');
    gate.open();
    await parent.join();
  });
});

describe('the process', () => {
  test('gets no warning of a failure that join() tells', async () => {
    const { code, stdout, stderr } = await runProgram(`
      import { Thread } from 'thread-system';
      const thread = Thread.run('bad', () => { throw new Error('no'); });
      await thread.join().catch((error) => console.log(error.message));`);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'no\n', stderr: '' });
  });

  test('stays for a thread, and not once it has ended; a failure after release() is a warning', async () => {
    const { code, stdout } = await runProgram(`
      import { Thread } from 'thread-system';
      process.removeAllListeners('warning');
      process.on('warning', ({ name }) => console.log(name));
      Thread.run('bad', () => { throw new Error('no'); }).release();
      const thread = Thread.run('good', () => new Promise((resolve) => setImmediate(resolve, 'done')));
      thread.job.then(console.log);`);
    expect({ code, lines: stdout.trim().split('\n').sort() }).toEqual({
      code: 0,
      lines: ['UnobservedJobFailure', 'done'],
    });
  });
});

test.each<[string, () => unknown, string]>([
  [
    'an empty name',
    () => Thread.run('', tasks.add, [1, 2]),
    'Cannot run a thread: name must be a string that is not empty',
  ],
  [
    'a call of the constructor',
    () => new (Thread as never as new (options: object) => Thread)({ name: 't' }),
    'use Thread.run(name, task',
  ],
  [
    'a whole module',
    () => Thread.run('t', tasks as never, [] as never),
    'received the whole taskModule(), not a function of it',
  ],
  ['no name', () => Thread.run(5 as never, tasks.add, [1, 2]), 'received 5'],
  [
    'no task',
    () => Thread.run('t', 5 as never, [] as never),
    'task must be a function or a task of a taskModule(), received 5',
  ],
  [
    'no list',
    () => Thread.run('t', tasks.add, 5 as never),
    'args must be an array, received 5; write the list of the arguments, such as [x, y]',
  ],
  ['a bad option', () => Thread.run('t', tasks.add, [1, 2], { timeoutMs: -1 }), 'timeoutMs must be 0 or more'],
])('%s is refused', (_what, run, message) => {
  expect(run).toThrow(message);
});

test('a thread is gone once it has been joined', async () => {
  using gate = new Gate();
  const thread = Thread.run('t', follow, [gate.words]);
  const ended = new Promise((resolve) => thread.stopped.onGo(() => resolve(thread.job.state)));
  await gate.reachedBy(1);
  thread.stop();
  expect(await ended).toBe('CANCELLED');
  await until(() => thread.stopped.isSet);
});
