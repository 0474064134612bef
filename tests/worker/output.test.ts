import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** A program with a pool of one worker, whose `process.stdout.write` tells a folder of files what it has written. */
const watching = (kind: string, text: string): string => `
  import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  import { ThreadPool } from 'thread-system';
  const pool = new ThreadPool({ maxWorkers: 2, kind: '${kind}' });
  const folder = mkdtempSync(join(tmpdir(), 'thread-system-output-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (chunk, ...more) => {
    writeFileSync(join(folder, String(chunk).trim()), '');
    return write(chunk, ...more);
  };
  ${text}`;

describe.each(['thread', 'process'])('what a task prints in a pool of kind %s', (kind) => {
  test('arrives while the task, which is synchronous, runs on', async () => {
    const { stdout } = await runProgram(
      watching(
        kind,
        `const job = pool.submit((folder) => {
          const { existsSync } = process.getBuiltinModule('node:fs');
          const end = Date.now() + 15_000;
          for (const line of ['one', 'two', 'three']) {
            console.log(line);
            while (!existsSync(folder + '/' + line)) if (Date.now() > end) return 'late';
          }
          return 'in time';
        }, [folder]);
        console.log(await job);`,
      ),
    );
    expect(stdout).toBe('one\ntwo\nthree\nin time\n');
  });

  test('is printed before its job settles, and before a process ends whose last job it is', async () => {
    const { stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1, kind: '${kind}' });
      const print = (...lines) => { for (const line of lines) console.log(line); };
      await pool.submit(print, [1, 2]);
      console.log('after');
      pool.submit(print, [3, 4]);`);
    expect(stdout).toBe('1\n2\nafter\n3\n4\n');
  });

  test('is printed although the task ends its thread right after', async () => {
    const { stdout, stderr } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1, kind: '${kind}' });
      const job = pool.submit(() => {
        for (let i = 0; i < 3; i++) console.log('line', i);
        console.error('to stderr');
        process.stdout.write('unfinished');
        process.exit(7);
      });
      await job.catch(({ exitCode }) => console.log(' -', exitCode));`);
    expect({ stdout, stderr }).toEqual({
      stdout: 'line 0\nline 1\nline 2\nunfinished - 7\n',
      stderr: 'to stderr\n',
    });
  });

  test('is complete and in order, also where it is more than there is room for while nobody reads it', async () => {
    const { stdout } = await runProgram(
      watching(
        kind,
        `const { existsSync } = process.getBuiltinModule('node:fs');
        const bothHave = (what) => existsSync(join(folder, 'a ' + what)) && existsSync(join(folder, 'b ' + what));
        const lines = [];
        const settled = {};
        process.stdout.write = (chunk) => {
          lines.push(...String(chunk).trimEnd().split('\\n'));
          const end = Date.now() + 15_000;
          while (lines.length === 1 && Date.now() < end && !bothHave('printed'));
          return true;
        };
        const chatter = (folder, name, other) => {
          const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
          writeFileSync(folder + '/' + name + ' begun', '');
          const end = Date.now() + 15_000;
          while (Date.now() < end && !existsSync(folder + '/' + other + ' begun'));
          for (let i = 0; i < 10_000; i++) console.log(name, i, 'x'.repeat(100));
          writeFileSync(folder + '/' + name + ' printed', '');
          if (name === 'b') process.exit();
        };
        for (const event of ['jobCompleted', 'jobFailed'])
          pool.on(event, ({ name }) => { settled[name] = lines.filter((line) => line.startsWith(name)).length; });
        pool.submit(chatter, [folder, 'a', 'b'], { name: 'a' });
        pool.submit(chatter, [folder, 'b', 'a'], { name: 'b' });
        process.on('exit', () => {
          for (const name of ['a', 'b']) {
            const own = lines.filter((line) => line.startsWith(name));
            const isWhole = own.every((line, i) => line === name + ' ' + i + ' ' + 'x'.repeat(100));
            write(name + ' ' + settled[name] + ' ' + isWhole + '\\n');
          }
        });`,
      ),
    );
    expect(stdout).toBe('a 10000 true\nb 10000 true\n');
  });

  test('keeps its bytes', async () => {
    const { stderr } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1, kind: '${kind}' });
      process.stdout.write = (chunk) => process.stderr.write(Buffer.from(chunk).toString('hex') + ' ');
      await pool.submit(() => {
        const bytes = Buffer.from([0xff, 0x00, 0x0a]);
        process.stdout.write(bytes);
        bytes.fill(0);
        process.stdout.write('4142430a', 'hex');
        process.stdout.write('ü€😀\\n');
        process.stdout.write('ü\\n', 'latin1');
      });`);
    expect(stderr).toBe('ff000a 4142430a c3bce282acf09f98800a fc0a ');
  });
});

describe('a line', () => {
  test('that is written in parts is not broken by those of other threads', async () => {
    const { stdout } = await runProgram(
      watching(
        'thread',
        `const first = pool.submit((folder) => {
          const { existsSync } = process.getBuiltinModule('node:fs');
          process.stdout.write('left, ');
          console.error('begun');
          const end = Date.now() + 15_000;
          while (!existsSync(folder + '/between') && Date.now() < end);
          process.stdout.write('right\\n');
        }, [folder]);
        const begun = new Promise((resolve) => { process.stderr.write = resolve; });
        await begun;
        await pool.submit(() => console.log('between'));
        await first;`,
      ),
    );
    expect(stdout).toBe('between\nleft, right\n');
  });

  test('that is not finished is passed on when the event loop of its thread turns', async () => {
    const { stdout } = await runProgram(
      watching(
        'thread',
        `await pool.submit(async (folder) => {
          const { existsSync } = process.getBuiltinModule('node:fs');
          process.stdout.write('50 %');
          const end = Date.now() + 15_000;
          while (!existsSync(folder + '/50 %') && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
          process.stdout.write(', 100 %\\n');
        }, [folder]);`,
      ),
    );
    expect(stdout).toBe('50 %, 100 %\n');
  });

  test('that is not finished, in a task that is synchronous, goes with what is written later', async () => {
    const { stdout } = await runProgram(
      watching(
        'thread',
        `console.log(await pool.submit((folder) => {
          const { readdirSync } = process.getBuiltinModule('node:fs');
          const end = Date.now() + 15_000;
          for (let written = 0; readdirSync(folder).length < 3; written++) {
            if (Date.now() > end) return 'late';
            process.stdout.write('x'.repeat(1 + (written % 3)));
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
          }
          return 'in time';
        }, [folder]));`,
      ),
    );
    expect(stdout).toMatch(/^x+in time\n$/);
  });
});

test('a stream that a thread of one’s own keeps is left alone; the other is printed', async () => {
  const { stdout, stderr } = await runProgram(`
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    import { ThreadPool } from 'thread-system';
    let kept = '';
    const worker = () => {
      const thread = new Worker(new URL(import.meta.resolve('thread-system/pool-worker')), { stdout: true });
      thread.stdout.setEncoding('utf8').on('data', (text) => { kept += text; });
      ended = once(thread.stdout, 'end');
      return thread;
    };
    let ended;
    const pool = new ThreadPool({ maxWorkers: 1, worker });
    await pool.submit(() => { console.log('out'); console.error('err 1'); console.error('err 2'); });
    await pool.shutdown();
    await ended;
    console.log('kept', kept);`);
  expect({ stdout, stderr }).toEqual({ stdout: 'kept out\n\n', stderr: 'err 1\nerr 2\n' });
});

test('a process.stdout.write that throws stops nothing: it is a process warning', async () => {
  const { stdout, code } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    const write = process.stdout.write.bind(process.stdout);
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => write(name + ': ' + message + '\\n'));
    process.stdout.write = () => { throw new Error('broken'); };
    const pool = new ThreadPool({ maxWorkers: 1 });
    write('returned ' + (await pool.submit(() => { console.log('lost'); return 1; })) + '\\n');`);
  expect(stdout.trimEnd().split('\n').sort()).toEqual([
    'ThreadSystemWarning: A listener of process.stdout or stderr threw: broken',
    'returned 1',
  ]);
  expect(code).toBe(0);
});

test('what a getter of the result prints arrives, and the result is whole', async () => {
  const { stdout } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1 });
    const chatty = () => ({ get a() { console.log('asked for a'); return 1; }, list: [1, 'two', { three: 3 }] });
    const jobs = [1, 2, 3].map(() => pool.submit(chatty));
    const results = await Promise.all(jobs);
    await pool.submit(() => new Promise((resolve) => setTimeout(resolve, 50)));
    console.log(JSON.stringify(results.map(({ a, list }) => [a, list])));`);
  const whole = '[1,[1,"two",{"three":3}]]';
  expect(stdout).toBe(`${'asked for a\n'.repeat(3)}[${whole},${whole},${whole}]\n`);
});
