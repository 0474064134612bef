import { describe, expect, test } from '@jest/globals';
import { type Logger, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { Gate, occupy, occupyAsync, until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

/** A logger that needs its `this`, as that of pino does. */
class Recorder implements Logger {
  readonly lines: string[] = [];

  debug(message: string): void {
    this.#add('debug', message);
  }

  info(message: string): void {
    this.#add('info', message);
  }

  warn(message: string): void {
    this.#add('warn', message);
  }

  error(message: string): void {
    this.#add('error', message);
  }

  /** Of these levels, the first line of each text; how long things took is left out. */
  of(...levels: string[]): string[] {
    return this.lines
      .filter((line) => levels.some((level) => line.startsWith(level)))
      .map((line) => line.split('\n')[0] ?? '')
      .map((line) => line.replace(/after \d+ ms/, 'after … ms').replace(/on thread \d+/, 'on thread …'));
  }

  has(text: string): boolean {
    return this.lines.some((line) => line.includes(text));
  }

  #add(level: string, message: string): void {
    this.lines.push(`${level} ${message}`);
  }
}

function logged(options: ThreadPoolOptions = {}): { logger: Recorder; pool: ThreadPool } {
  const logger = new Recorder();
  return { logger, pool: new ThreadPool({ maxWorkers: 1, name: 'mill', logger, ...options }) };
}

describe('what is logged:', () => {
  test.each(['thread', 'process', 'inline'] as const)(
    'the life of the workers, kind %s, and nothing of jobs that complete',
    async (kind) => {
      const { logger, pool } = logged({ kind });
      await pool.submit(tasks.add, [1, 2]);
      await pool.submit(tasks.add, [1, 2]);
      await pool.shutdown();
      await pool.shutdown({ mode: 'abort' }); // the pool is closed: there is nothing to escalate
      expect(logger.of('debug', 'info', 'warn', 'error')).toEqual([
        'debug mill: Worker 0 is starting',
        'debug mill: Worker 0 is ready after … ms, on thread …',
        "info mill: Shutting down in mode 'drain', with 0 unsettled jobs",
        'debug mill: Worker 0 exited after 2 jobs: the pool was shut down',
        'info mill: Shut down after … ms: 0 jobs completed, 0 failed, 0 cancelled',
      ]);
    },
  );

  test('why a worker was ended that was idle, or too many', async () => {
    const { logger, pool } = logged({ maxWorkers: 2, idleTimeoutMs: 0 });
    await using _ = pool;
    await pool.submit(tasks.add, [1, 2]);
    await until(() => logger.has('Worker 0 exited after 1 job: it was idle'));
    using gate = await occupy(pool, 2);
    pool.resize(1);
    gate.open();
    await until(() => logger.has('exited after 1 job: the pool was resized'));
  });

  test('jobs that fail, and those that are tried again', async () => {
    const { logger, pool } = logged();
    await pool.submit(tasks.fail, ['no'], { retry: { maxAttempts: 2, delayMs: 1 } }).catch(() => {});
    await pool.submit(tasks.echo, [() => {}]).catch(() => {});
    await pool.shutdown();
    expect(logger.of('warn')).toEqual([
      expect.stringMatching(/^warn mill: Job 'fail' \(id \d+\) failed after 2 attempts: RangeError: no$/),
      expect.stringMatching(/^warn mill: Job 'echo' \(id \d+\) failed before it began: NotCloneableError: Cannot send/),
    ]);
    expect(logger.of('info')[0]).toMatch(
      /Job 'fail' \(id \d+\) failed on attempt 1, retrying in 1 ms: RangeError: no$/,
    );
  });

  test('a thread that dies', async () => {
    const { logger, pool } = logged();
    await pool.submit(tasks.exit, [7]).catch(() => {});
    await pool.shutdown();
    expect(logger.of('error')).toEqual(['error mill: Worker 0 died with exit code 7 after 0 jobs']);
  });

  test('a thread that dies before this one has read that it is ready', async () => {
    const { logger, pool } = logged();
    using gate = new Gate();
    const job = pool.submit(
      (words: Int32Array) => {
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
        process.exit(7);
      },
      [gate.words],
    );
    Atomics.wait(gate.words, 0, 0); // the job begins although this thread is busy
    Atomics.wait(gate.words, 0, 1, 100); // so that the thread is most likely gone
    await job.catch(() => {});
    await pool.shutdown();
    expect(logger.of('error')).toEqual(['error mill: Worker 0 died with exit code 7 after 0 jobs']);
  });

  test('a thread that is replaced, as its job did not stop', async () => {
    const { logger, pool } = logged({ graceMs: 10 });
    using gate = new Gate();
    const job = pool.submit(tasks.deaf, [gate.words], { name: 'deaf' });
    await gate.reachedBy(1);
    job.cancel();
    await job.catch(() => {});
    await pool.shutdown();
    const reason = "Job 'deaf' did not stop within 10 ms of being asked to";
    expect(logger.of('warn')).toEqual([`warn mill: Replacing worker 0: ${reason}`]);
    expect(logger.has(`debug mill: Worker 0 exited after 0 jobs: ${reason}`)).toBe(true);
  });

  test('a thread that is replaced once its other jobs have ended', async () => {
    const { logger, pool } = logged({ concurrency: 2, graceMs: 50 });
    using gate = await occupyAsync(pool);
    using begun = new Gate();
    const job = pool.submit(
      async (words: Int32Array): Promise<never> => {
        Atomics.add(words, 1, 1);
        return await new Promise(() => {});
      },
      [begun.words],
      { name: 'stuck' },
    );
    await begun.reachedBy(1);
    job.cancel();
    await job.catch(() => {});
    gate.open();
    await until(() => logger.has('Worker 0 exited'));
    // a machine that is too busy to answer in time is taken for one that is blocked
    expect(logger.of('warn')[0]).toMatch(
      /^warn mill: Replacing worker 0: Job 'stuck' did not stop (when asked to; the thread will exit when its other jobs have ended|within 50 ms)/,
    );
    await pool.shutdown();
  });

  test('starts that fail, each time', async () => {
    const { logger, pool } = logged({ worker: () => 5 as never });
    await pool.submit(tasks.echo, [1]).catch(() => {});
    await pool.shutdown();
    const start = 'error mill: Cannot start a worker: no thread could be created: ';
    const lines = logger.of('error');
    expect(lines.every((line) => line.startsWith(start))).toBe(true);
    expect(lines.map((line) => line.split('. ')[1])).toEqual([
      'No worker is running; retrying in 50 ms',
      'No worker is running; retrying in 200 ms',
      'No worker is running; failing all waiting jobs',
    ]);
  });

  test('how long the next start waits, where other workers live', async () => {
    const { Worker } = await import('node:worker_threads');
    let starts = 0;
    const worker = () => {
      if (starts++ > 0) throw new Error('no more threads');
      return new Worker(new URL('../tasks/own-entry.mjs', import.meta.url));
    };
    const { logger, pool } = logged({ maxWorkers: 2, worker });
    using gate = await occupy(pool);
    const second = pool.submit(tasks.echo, [1]);
    await until(() => logger.has('no more threads. Continuing with the other workers; retrying in 1000 ms'));
    gate.open();
    await second;
    await pool.shutdown();
  });

  test('a queue that costs jobs their places, once until it has room again', async () => {
    const { logger, pool } = logged({ maxQueue: 1 });
    for (let round = 0; round < 2; round++) {
      using gate = await occupy(pool);
      const jobs = [1, 2, 3].map((value) => pool.submit(tasks.echo, [value], { name: 'more' }));
      gate.open();
      await Promise.allSettled(jobs);
      await pool.waitAll();
      await until(() => logger.of('debug').filter((line) => line.includes('has room again')).length > round);
    }
    await pool.shutdown();
    const full =
      "warn mill: Job 'more' was refused: the queue is full (maxQueue: 1). Until there is room, further jobs will be refused or dropped without a warning";
    expect(logger.of('warn')).toEqual([full, full]);
    expect(logger.of('debug').filter((line) => line.includes('QueueFullError'))).toHaveLength(4);
  });

  test('a job that waits too long for its turn', async () => {
    const { logger, pool } = logged({ aging: { everyMs: 10, step: 1, starvationMs: 10 } });
    using gate = await occupy(pool);
    const job = pool.submit(tasks.add, [1, 2]);
    const starves = new RegExp(`^warn mill: Job 'add' \\(id ${job.id}\\) has been waiting to start for \\d+ ms$`);
    await until(() => logger.of('warn').some((line) => starves.test(line)));
    gate.open();
    await pool.shutdown();
  });

  test('a shutdown that gets stricter', async () => {
    const { logger, pool } = logged();
    using _ = await occupy(pool);
    pool.submit(tasks.echo, [1]);
    void pool.shutdown();
    await pool.shutdown({ mode: 'abort' });
    expect(logger.of('info', 'warn')).toEqual([
      "info mill: Shutting down in mode 'drain', with 2 unsettled jobs",
      "warn mill: Shutdown escalated to mode 'abort', with 2 unsettled jobs",
      'info mill: Shut down after … ms: 0 jobs completed, 0 failed, 2 cancelled',
    ]);
  });
});

describe('where there is a logger, the warning is logged, not given to the process:', () => {
  const program = (options: string, text: string): string => `
    import { ThreadPool, taskModule } from 'thread-system';
    process.removeAllListeners('warning');
    process.on('warning', (warning) => console.log('warning ' + warning.name));
    const quiet = () => {};
    const logger = { debug: quiet, info: quiet, warn: quiet, error: (text) => console.log('error ' + text.split('\\n').slice(0, 2).join(' | ')) };
    const pool = new ThreadPool({ maxWorkers: 1, name: 'mill', logger${options} });
    ${text}
    await pool.waitAll();
    await new Promise((resolve) => setTimeout(resolve, 20));`;

  test('of a failure that nobody looks at', async () => {
    const { stdout } = await runProgram(program('', `pool.submit(() => { throw new Error('no'); });`));
    expect(stdout).toMatch(
      /^error mill: Job 'anonymous' \(id 1\) failed and its error was never observed: .* \| Error: no\n$/,
    );
  });

  test('of a map that fails and nobody looks at', async () => {
    const { stdout } = await runProgram(program('', `pool.map(() => { throw new Error('no'); }, [1]);`));
    expect(stdout).toMatch(/^error mill: A map of 'anonymous' failed and its error was never observed: no\. .*\n$/);
  });

  test('of a stream that is read too slowly', async () => {
    const { stdout } = await runProgram(
      program(
        '',
        `const results = pool.results({ limit: 1 }); for (let i = 0; i < 3; i++) await pool.submit(() => 1);`,
      ),
    );
    expect(stdout).toMatch(/^error mill: A stream of jobs is read too slowly: more than 1 wait, .*\n$/);
  });

  test('of a late error, whether somebody listens or not', async () => {
    const late = `
      const keep = setInterval(() => {}, 1000);
      const fail = async (message) => {
        const told = new Promise((resolve) => { const { error } = logger; logger.error = (text) => { error(text); resolve(); }; });
        await pool.submit(async (message) => { setTimeout(() => { throw new Error(message); }); }, [message]);
        await told;
      };
      await fail('first');
      pool.on('lateError', () => {});
      await fail('second');
      clearInterval(keep);`;
    const { stdout } = await runProgram(program('', late));
    expect(stdout.split('\n').map((line) => line.split(' | ')[0])).toEqual([
      expect.stringMatching(
        /^error mill: Uncaught error in a worker, from job \d+, which has already settled: first\. Listen to 'lateError'/,
      ),
      expect.stringMatching(
        /^error mill: Uncaught error in a worker, from job \d+, which has already settled: second$/,
      ),
      '',
    ]);
  });

  test('but of a logger that throws, which stops nothing', async () => {
    const { stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      process.removeAllListeners('warning');
      process.on('warning', ({ name, message }) => console.log(name + ': ' + message));
      const logger = { ...console, debug() { throw new Error('disk full'); } };
      const pool = new ThreadPool({ maxWorkers: 1, logger });
      console.log(await pool.submit(() => 'goes on'));`);
    expect(stdout.split('\n').sort()).toEqual([
      '',
      'ThreadSystemWarning: A listener of logger.debug threw: disk full',
      'ThreadSystemWarning: A listener of logger.debug threw: disk full',
      'goes on',
    ]);
  });
});

describe('a bad logger is refused, naming what is missing:', () => {
  test.each<[unknown, string]>([
    [5, 'logger must be an object with debug, info, warn, error, received 5'],
    [null, 'logger must be an object with debug, info, warn, error, received null'],
    [{}, 'logger.debug must be a function, received undefined'],
    [{ ...console, warn: 'loud' }, "logger.warn must be a function, received 'loud'"],
    [{ debug() {}, info() {}, warn() {} }, 'logger.error must be a function, received undefined'],
  ])('%#', (logger, message) => {
    expect(() => new ThreadPool({ logger: logger as Logger })).toThrow(new TypeError(`Cannot create pool: ${message}`));
  });
});
