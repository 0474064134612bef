import { AsyncLocalStorage } from 'node:async_hooks';
import { isMainThread, workerData } from 'node:worker_threads';
import { currentJob } from 'thread-system/worker';

const trace = new AsyncLocalStorage();
const kept = [];

export const workerId = () => currentJob().workerId;

export const environment = () => ({
  argv: process.argv.slice(2),
  workerData: isMainThread ? null : (workerData ?? null),
  cwd: process.cwd(),
  execPath: process.execPath,
});

export function print(text, error) {
  process.stdout.write(`${text}\n`);
  process.stderr.write(`${error}\n`);
}

/** Leaves garbage that is none. */
export function leak(megabytes) {
  for (let i = 0; i < megabytes; i++) kept.push(Array.from({ length: 125_000 }, (_, index) => index + 0.5));
  return currentJob().workerId;
}

/** Runs around each job: what it does is seen by the job's code. */
export async function traced(job, next) {
  const log = [`${job.name} begins`];
  const result = await trace.run(log, next);
  return { result, log: [...log, 'ends'] };
}

export const note = (text) => trace.getStore()?.push(text) ?? 0;

export async function noteLater(text) {
  await new Promise((resolve) => setImmediate(resolve));
  return note(text);
}

export function* yields(values) {
  for (const value of values) yield value;
  return note('a generator');
}

export const ofThis = function () {
  return this.name;
};

export const passOn = (_job, next) => next();

export function recover(_job, next) {
  try {
    return next();
  } catch (error) {
    return `instead of ${error.message}`;
  }
}

export const refuse = (job) => {
  throw new RangeError(`no ${job.name}`);
};

export const twice = (_job, next) => [next(), next()];

/** How many jobs are open on this worker while it runs. */
let open = 0;
let most = 0;

export async function openBeside(turns) {
  open++;
  most = open;
  for (let i = 0; i < turns; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, open);
  }
  open--;
  return most;
}

const order = [];

/** Notes its number, and returns where it ran. */
export function inOrder(number) {
  order.push(number);
  return [currentJob().workerId, ...order];
}

export async function withChild() {
  return (await currentJob().submit(workerId)) + 1;
}
