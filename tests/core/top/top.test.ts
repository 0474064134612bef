import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ThreadPool, type TopOptions } from 'thread-system';
import { occupy, occupyAsync, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

/** A stream that keeps what is written to it. */
class Output extends EventEmitter {
  readonly isTTY: boolean;
  columns = 100;
  rows = 30;
  text = '';

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }

  /** What the screen shows: the last frame. */
  get frame(): string {
    return stripVTControlCharacters(this.text.split('\x1b[H').at(-1) ?? '');
  }
}

/** A keyboard. */
class Input extends EventEmitter {
  readonly isTTY = true;
  isRaw = false;
  isPaused = true;

  setRawMode(isRaw: boolean): void {
    this.isRaw = isRaw;
  }

  resume(): void {
    this.isPaused = false;
  }

  pause(): void {
    this.isPaused = true;
  }

  press(keys: string): void {
    this.emit('data', Buffer.from(keys));
  }
}

describe('pool.top in a terminal', () => {
  test('takes the screen, and gives it back', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, name: 'shown' });
    const [output, input] = [new Output(true), new Input()];
    const top = pool.top({ output, input });
    expect(output.text.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true);
    expect(output.frame).toMatch(/^shown {3}open/);
    expect([input.isRaw, input.isPaused]).toEqual([true, false]);
    input.press('q');
    await top.closed;
    expect(output.text.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
    expect([input.isRaw, input.isPaused]).toEqual([false, true]);
    expect([output.listenerCount('resize'), input.listenerCount('data')]).toEqual([0, 0]);
    const { text } = output;
    top.close();
    expect(output.text).toBe(text);
  });

  test('shows what runs, and cancels the job that is selected', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const first = await occupyAsync(pool);
    const second = await occupyAsync(pool);
    const [output, input] = [new Output(true), new Input()];
    using _top = pool.top({ output, input, everyMs: 5 });
    await until(() => output.frame.includes('2 active'));
    expect(output.frame).toContain('holdAsync');
    const [, selected] = pool.jobs({ state: 'RUNNING' });
    input.press('\x1b[B');
    input.press('c');
    await until(() => output.frame.includes(`job ${selected?.id} will stop`));
    for (const gate of [first, second]) gate.open();
    const jobs = [...first.jobs, ...second.jobs];
    await Promise.allSettled(jobs);
    expect(jobs.map(({ id, state }) => [id, state]).sort()).toEqual(
      jobs.map(({ id }) => [id, id === selected?.id ? 'CANCELLED' : 'COMPLETED']).sort(),
    );
  });

  test('draws again when the terminal has another size', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [output, input] = [new Output(true), new Input()];
    using _top = pool.top({ output, input, everyMs: 60_000 });
    output.columns = 20;
    output.rows = 3;
    output.emit('resize');
    const lines = output.frame.split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines.every((line) => line.length <= 20)).toBe(true);
  });

  test('waits for a terminal that is slow', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [output, input] = [Object.assign(new Output(true), { writableNeedDrain: true }), new Input()];
    using _top = pool.top({ output, input, everyMs: 1 });
    await pool.submit(tasks.echo, [1]);
    output.emit('resize');
    expect(output.text).toBe('\x1b[?1049h\x1b[?25l');
  });
});

describe('pool.top without a terminal', () => {
  test('writes a line a snapshot, until the pool has ended', async () => {
    const pool = new ThreadPool({ maxWorkers: 1, name: 'plain' });
    const output = new Output(false);
    const gate = await occupy(pool);
    const top = pool.top({ output, everyMs: 1 });
    await until(() => output.text.split('\n').length > 3);
    expect(output.text.split('\n')[0]).toMatch(
      /^plain open: 1 active, 0 queued, 0 held, \S+\/s, 0 failed, workers 1\/1, wait p99 .*, run p99 .*$/,
    );
    gate.open();
    await pool.shutdown();
    await top.closed;
    expect(output.text.trimEnd().split('\n').at(-1)).toMatch(/^plain closed: 0 active/);
  });

  test('keeps no process alive', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1, name: 'brief' });
      pool.top({ everyMs: 10_000 });
      await pool.submit(() => 1);
    `);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^brief open: /);
  });
});

test.each<[string, unknown, RegExp]>([
  ['an unknown option', { every: 1 }, /^Cannot show pool: there is no option 'every'/],
  ['no time', { everyMs: 0 }, /everyMs must be more than 0 milliseconds, received 0/],
  ['an output that is no stream', { output: 'stdout' }, /output must be an object, received 'stdout'/],
  ['an input that is no stream', { input: 1 }, /input must be an object, received 1/],
])('pool.top refuses %s', async (_name, options, message) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(() => pool.top(options as TopOptions)).toThrow(message);
});
