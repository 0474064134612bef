import { expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

/** A program that puts `names` into `Object.prototype`, one after the other, and uses the library by each. */
const program = (kind: string, names: readonly string[]): string => `
import { writeFileSync } from 'node:fs';
import { AsyncLocalStorage } from 'node:async_hooks';
import { CancellationToken, JobGraph, Mutex, Signal, ThreadPool } from 'thread-system';
const evil = new URL('./evil.cjs', import.meta.url).pathname;
writeFileSync(evil, "globalThis.evil = 'ran'; process.env.EVIL = 'ran';");
const LOAD = ['--require', evil];
const VALUES = { execArgv: LOAD, env: { ...process.env, NODE_OPTIONS: LOAD.join(' ') }, NODE_OPTIONS: LOAD.join(' ') };
const als = new AsyncLocalStorage();
const seen = [];
async function use() {
  const pool = new ThreadPool({ kind: ${JSON.stringify(kind)}, maxWorkers: 1 });
  seen.push(await pool.submit(() => String(globalThis.evil ?? process.env.EVIL)));
  const job = pool.submit(function (x) { this.report(x); return [x, this.attempt, this.context.als]; }, [7], { context: { als } });
  seen.push(String(await als.run('v', () => job)), job.name, job.priority, job.attempts);
  seen.push(String(await pool.submit(() => { throw new RangeError('thrown'); }).catch((error) => error)));
  seen.push(await pool.submit(async function () { return await this.submit((x) => x * 2, [4], { priority: 1 }); }));
  seen.push(await pool.submit(async function () { return await this.submit(() => { throw new Error('child'); }).catch(String); }));
  seen.push(String(await pool.map((x) => x + 1, [1, 2, 3])), String(await Promise.all(pool.submitMany((x) => x, [[1], [2]]))));
  const graph = new JobGraph();
  const node = graph.add('a', () => 3, []);
  graph.add('b', (list) => list[0] + 1, [[node.output]]);
  seen.push(String([...(await graph.run(pool)).values()]));
  const token = new CancellationToken();
  token.cancel('why');
  seen.push(await pool.submit((t) => t.isCancelled, [token]), CancellationToken.any(new CancellationToken(), token).reason);
  const lease = await new Mutex().lock();
  lease.release();
  seen.push(await new Signal().wait({ timeoutMs: 1 }), await pool.waitAll(), String(await pool.broadcast(() => 5)));
  seen.push(await pool.submit((f) => f, [() => 1]).catch((error) => error.code));
  await pool.shutdown();
}
await use();
const expected = JSON.stringify(seen.splice(0));
const wrong = [];
for (const name of ${JSON.stringify(names)}) {
  Object.prototype[name] = VALUES[name] ?? 'polluted';
  try {
    await use();
  } catch (error) {
    seen.push(String(error));
  } finally {
    delete Object.prototype[name];
  }
  const got = JSON.stringify(seen.splice(0));
  if (got !== expected) wrong.push([name, got]);
}
console.log(JSON.stringify(wrong));
`;

const PASSED_ON = [
  'execArgv',
  'env',
  'NODE_OPTIONS',
  'argv',
  'eval',
  'stdin',
  'stdout',
  'stderr',
  'shell',
  'uid',
  'gid',
];
const ALSO = [
  'detached',
  'cwd',
  'execPath',
  'stdio',
  'silent',
  'serialization',
  'resourceLimits',
  'workerData',
  'type',
  'auth',
  'path',
];
const OPTIONS = [
  ...[
    'priority',
    'front',
    'token',
    'timeoutMs',
    'deadline',
    'delayMs',
    'dependsOn',
    'key',
    'retry',
    'transfer',
    'context',
  ],
  ...[
    'name',
    'kind',
    'maxWorkers',
    'minWorkers',
    'maxQueue',
    'setup',
    'teardown',
    'aging',
    'logger',
    'worker',
    'reserved',
  ],
  ...['chunk', 'ordered', 'mode', 'limit', 'onFailure', 'fallback', 'ms'],
];
const WITHIN = [
  'get',
  'set',
  'value',
  'error',
  'reason',
  'cause',
  'attempt',
  'result',
  'progress',
  'followers',
  'details',
];

/** A few names for each program: each name has a worker started. */
const parts = (kind: string, names: readonly string[], size: number): [string, readonly string[]][] =>
  Array.from({ length: Math.ceil(names.length / size) }, (_, part) => [
    kind,
    names.slice(part * size, (part + 1) * size),
  ]);

// not 'signal', 'once' and 'path': those Node.js itself reads wherever it is given a port or an address
test.each([
  ...parts('thread', [...PASSED_ON, ...ALSO, ...OPTIONS, ...WITHIN], 15),
  ...parts('process', [...PASSED_ON, ...ALSO], 7),
  ...parts('inline', [...OPTIONS, ...WITHIN], 20),
])(
  'what a polluted prototype holds is not obeyed, kind %s: %p',
  async (kind, names) => {
    const { stdout, stderr } = await runProgram(program(kind, names));
    expect({ stdout, stderr }).toEqual({ stdout: '[]\n', stderr: expect.any(String) });
  },
  60_000,
);
