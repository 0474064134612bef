import { describe, expect, test } from '@jest/globals';
import { eventually, FileGate } from '../support/file-gate.ts';
import { runProgram } from '../support/program.ts';
import { fixture } from '../support/tasks.ts';

const GATED = JSON.stringify(fixture('gated.mjs').href);

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Two jobs run in child processes; a third is queued. */
const program = (gate: FileGate, more: string): string => `
  import { ThreadPool, taskModule } from 'thread-system';
  const tasks = taskModule(${GATED});
  const gate = ${JSON.stringify(gate.path)};
  const pool = new ThreadPool({ kind: 'process', maxWorkers: 2 });
  const jobs = ['a', 'b', 'c'].map((name) => pool.submit(tasks.hold, [gate, name]));
  for (const job of jobs) job.then((value) => console.log('done', value), (error) => console.log(error.code));
  const { readdirSync, rmSync } = await import('node:fs');
  while (readdirSync(gate).filter((name) => name.startsWith('reached')).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 5));
  ${more}`;

describe('a signal to all processes of a group', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'lets child processes drain what their pool drains: %s',
    async (signal) => {
      using gate = new FileGate();
      const { stdout, signal: endedBy } = await runProgram(
        program(
          gate,
          `ThreadPool.handleSignals({ signals: ['${signal}'] });
         process.once('${signal}', () => rmSync(gate + '/closed'));
         console.log('under load');`,
        ),
        { kill: { signal, when: 'under load', group: true } },
      );
      expect(stdout.trim().split('\n').sort()).toEqual(['done a', 'done b', 'done c', 'under load']);
      expect(endedBy).toBe(signal);
    },
  );

  test('ends child processes with a parent that it ends', async () => {
    using gate = new FileGate();
    const { signal } = await runProgram(program(gate, `console.log('under load');`), {
      kill: { signal: 'SIGTERM', when: 'under load', group: true },
    });
    expect(signal).toBe('SIGTERM');
    await eventually(() => !gate.pids.some(isThere));
  });

  test('that comes while a child process starts does not end it', async () => {
    const { stdout } = await runProgram(
      `import { ThreadPool } from 'thread-system';
       process.on('SIGINT', () => {});
       const pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
       process.on('warning', (warning) => console.log(String(warning)));
       pool.on('workerExited', () => console.log('a worker exited'));
       const job = pool.submit(() => 'ran');
       console.log('starting');
       console.log(await job, job.attempts);`,
      { kill: { signal: 'SIGINT', when: 'starting', group: true } },
    );
    expect(stdout).toBe('starting\nran 1\n');
  });

  test('does not keep a task that blocks from ending with a parent that is killed', async () => {
    using gate = new FileGate();
    const { signal } = await runProgram(
      `import { ThreadPool, taskModule } from 'thread-system';
       const pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
       pool.submit(taskModule(${GATED}).deaf, [${JSON.stringify(gate.path)}]);
       const { readdirSync } = await import('node:fs');
       while (!readdirSync(${JSON.stringify(gate.path)}).some((name) => name.startsWith('reached')))
         await new Promise((resolve) => setTimeout(resolve, 5));
       console.log('under load');`,
      { kill: { signal: 'SIGKILL', when: 'under load' } },
    );
    expect(signal).toBe('SIGKILL');
    await gate.reachedBy(1);
    await eventually(() => !gate.pids.some(isThere));
  });
});
