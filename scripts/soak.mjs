// Keeps pools under a mixed load with faults, and looks whether anything grows: heap, buffers, resident memory, handles,
// listeners. Ends with 1 where something has grown past its bound after the warm-up, or where a job is stuck.
// Usage: node --expose-gc scripts/soak.mjs [--minutes <10>]
import { getEventListeners } from 'node:events';
import { parseArgs } from 'node:util';
import { CancellationToken, Mutex, Semaphore, ThreadPool } from 'thread-system';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
const { gc } = globalThis;
if (gc === undefined || !(minutes > 0)) throw new Error('Usage: node --expose-gc scripts/soak.mjs [--minutes <10>]');

/** A sample a minute; in a short run more of them. */
const SAMPLE_MS = Math.min(60_000, (minutes * 60_000) / 6);
/** The samples of that share of the run are the measure of the later ones. */
const WARM_UP = 1 / 3;
const STUCK_MS = 30_000;
/** By how much the last samples may be above those of the warm-up. */
const BOUNDS = {
  heapUsedMb: 3,
  externalMb: 3,
  arrayBuffersMb: 3,
  // of the shared memory of ended threads, what was not given back yet; the allocator's own share
  rssMb: 60,
  handles: 2,
  listeners: 0,
};

const pool = new ThreadPool({ maxWorkers: 2, concurrency: 2, graceMs: 20, idleTimeoutMs: 200 });
const controller = new AbortController();
const longLived = new CancellationToken();
const mutex = new Mutex();
const semaphore = new Semaphore(2);
const told = { jobCompleted: 0, jobFailed: 0, jobCancelled: 0, jobRetried: 0, workerExited: 0, lateError: 0 };
for (const event of Object.keys(told)) pool.on(event, () => told[event]++);
process.on('unhandledRejection', (error) => fail(`unhandled rejection: ${error?.stack ?? error}`));
process.on('warning', (warning) => fail(`warning: ${warning.stack}`));

function fail(text) {
  console.error(text);
  process.exit(1);
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];
const echo = (value) => value;
const record = { id: 1, name: 'a record', tags: ['a', 'b'], when: new Date(0), nested: { deep: [1.5, null] } };
let texts = 0;

/** What is done in a round, each as often as it says. */
const LOADS = [
  [400, () => pool.submit(echo, [Math.random()])],
  [100, () => pool.submit(echo, [record], { priority: pick([0, 1, 2, 3, 4]) })],
  [20, () => pool.submit(echo, [new Map([[1, 'x'.repeat(5_000)]])])],
  [2, () => pool.submit(echo, [new Uint8Array(1_000_000)])],
  [50, () => pool.submit(echo, [1], { token: longLived, signal: controller.signal, deadline: Date.now() + 60_000 })],
  [
    20,
    () => pool.submit((token) => token.isCancelled, [pick([new CancellationToken(), longLived.child(), longLived])]),
  ],
  [10, () => cancelSoon(pool.submit(async () => await new Promise((resolve) => setTimeout(resolve, 5))))],
  [20, () => pool.submit(echo, [1]).cancel('at once')],
  [10, () => pool.submit(() => Promise.reject(new Error('on purpose', { cause: { list: [1] } })))],
  [5, () => pool.submit(echo, [() => 1])],
  [10, () => pool.submit(flaky, [], { retry: { maxAttempts: 3, delayMs: 2, onWorkerExit: true }, timeoutMs: 1_000 })],
  [3, () => pool.submit(reports, [300]).onProgress(() => {})],
  [3, () => pool.submit(reports, [300]).progress[Symbol.asyncIterator]().next()],
  [5, () => pool.submit(new Function('x', `return x + ${texts++}`), [1])], // a task that nobody else has
  [5, () => pool.submit(echo, [1], { dependsOn: [pool.submit(echo, [2], { delayMs: 3 })] })],
  [3, () => pool.submit(locked, [mutex, Math.random() < 0.05])],
  [3, () => pool.submit(held, [semaphore, Math.random() < 0.05])],
  [1, () => pool.map((x) => x * 2, new Float64Array(5_000)).catch(() => {})],
  [
    1,
    () =>
      pool
        .map(
          (x) => ({ x }),
          Array.from({ length: 500 }, (_, i) => i),
        )
        .catch(() => {}),
  ],
  [0.3, () => pool.submit(() => process.exit(3))],
  [0.2, () => pool.submit(deaf, [], { timeoutMs: 5 })],
  [0.2, () => cancelSoon(pool.submit(deaf))],
  [0.5, () => pool.submit(leavesError)],
  [0.2, shortPool],
];

async function flaky() {
  if (this.attempt < 3) throw new Error('not yet');
  return this.attempt;
}

function* reports(count) {
  for (let i = 0; i < count; i++) yield { i };
  return count;
}

async function locked(lock, dies) {
  const lease = await lock.lock({ timeoutMs: 1_000 });
  if (dies) process.exit(4);
  await new Promise((resolve) => setImmediate(resolve));
  lease?.release();
}

async function held(permits, dies) {
  const lease = await permits.acquire({ timeoutMs: 1_000 });
  if (dies) process.exit(4);
  await new Promise((resolve) => setImmediate(resolve));
  lease?.release();
}

function deaf() {
  for (;;);
}

function leavesError() {
  setTimeout(() => {
    throw new Error('left behind');
  });
}

function cancelSoon(job) {
  setTimeout(() => job.cancel(new Error('enough')), 2);
}

/** Pools come and go. */
async function shortPool() {
  const short = new ThreadPool({ maxWorkers: 1, graceMs: 20, maxQueue: 10, overflow: 'dropOldest' });
  short.on('jobFailed', () => {});
  for (let i = 0; i < 50; i++) short.submit(echo, [i], { token: longLived, signal: controller.signal });
  await within(short.shutdown({ mode: pick(['drain', 'finishRunning', 'abort']) }), 'the shutdown of a short pool');
}

async function within(promise, what) {
  const timer = setTimeout(() => {
    const { workers, submitted, completed, failed, cancelled, pending, active } = pool.metrics();
    const numbers = { submitted, completed, failed, cancelled, pending, active, workers };
    fail(`stuck: ${what}: ${JSON.stringify(numbers)}`);
  }, STUCK_MS);
  const result = await promise;
  clearTimeout(timer);
  return result;
}

async function round() {
  const pending = [];
  for (const [times, load] of LOADS)
    for (let left = times; left > 0 && Math.random() < left; left--) {
      const made = load();
      if (made instanceof Promise) pending.push(made);
    }
  if (Math.random() < 0.05) pool.cancelAll();
  await within(Promise.all(pending), 'maps and short pools');
  await within(pool.waitAll(), 'all jobs');
}

async function sample() {
  // what dead threads and collected objects leave is given back in further turns; idle threads end meanwhile
  for (let i = 0; i < 8; i++) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    gc();
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  const mb = (bytes) => Math.round(bytes / 1e5) / 10;
  return {
    heapUsedMb: mb(heapUsed),
    externalMb: mb(external),
    arrayBuffersMb: mb(arrayBuffers),
    rssMb: mb(rss),
    handles: process.getActiveResourcesInfo().length,
    listeners: getEventListeners(controller.signal, 'abort').length + process.listenerCount('exit'),
  };
}

/** What has grown: the least of the last two samples, against the most of the warm-up. */
function grown(samples) {
  const warm = samples.slice(0, Math.max(1, Math.round(samples.length * WARM_UP)));
  const last = samples.slice(-2);
  return Object.entries(BOUNDS).flatMap(([name, bound]) => {
    const before = Math.max(...warm.map((each) => each[name]));
    const after = Math.min(...last.map((each) => each[name]));
    return after > before + bound ? [`${name} grew from ${before} to ${after}, more than ${bound}`] : [];
  });
}

const startedMs = performance.now();
const samples = [];
while (performance.now() - startedMs < minutes * 60_000) {
  const untilMs = startedMs + (samples.length + 1) * SAMPLE_MS;
  do await round();
  while (performance.now() < untilMs);
  const { submitted, completed, failed, cancelled, pending, active } = pool.metrics();
  if (pending + active > 0 || completed + failed + cancelled !== submitted)
    fail(`out of balance: ${JSON.stringify({ submitted, completed, failed, cancelled, pending, active })}`);
  samples.push(await sample());
  const atS = Math.round((performance.now() - startedMs) / 1000);
  console.log(JSON.stringify({ atS, ...samples.at(-1), jobs: submitted, threadsGone: told.workerExited }));
}
await within(pool.shutdown(), 'the shutdown');
if (mutex.isLocked || semaphore.value !== 2) fail('a lock is still held');
const faults = grown(samples);
if (faults.length > 0) fail(faults.join('\n'));
console.log(`ok after ${minutes} minutes: ${JSON.stringify(told)}`);
setTimeout(() => fail(`the process is kept by ${process.getActiveResourcesInfo()}`), 5_000).unref();
