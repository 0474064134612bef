// Task fixtures in plain JavaScript, as a user of the packed library writes them.
import { currentJob, move } from 'thread-system/worker';

export const add = (a, b) => a + b;
export const echo = (value) => value;
export const many = (...values) => values;

/** Blocks the thread, deaf, until the gate opens; `words` is [opened, begun]. */
export function hold(words, value) {
  Atomics.add(words, 1, 1);
  Atomics.wait(words, 0, 0);
  return value;
}

/** The same, without blocking: polls in the event loop. */
export async function holdAsync(words, value) {
  Atomics.add(words, 1, 1);
  while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
  return value;
}

/** Notes its place among all that run: `log[0]` counts, then come the values. */
export function note(log, value) {
  log[1 + Atomics.add(log, 0, 1)] = value;
}

/** The same, after some 20 us of work. */
export function noteSlowly(log, value) {
  const end = performance.now() + 0.02;
  while (performance.now() < end);
  note(log, value);
}

/** A CPU loop that looks at its flag at every turn. */
export function spin(words) {
  const job = currentJob();
  if (words) Atomics.add(words, 1, 1);
  for (;;) job.throwIfCancelled();
}

export function spinUntilToken(token) {
  while (!token.isCancelled);
  return token.isCancelled;
}

export const idOfArrow = () => currentJob().id;

export const idAndPriority = () => [currentJob().id, currentJob().priority];

export const priorityAndId = () => [currentJob().priority, currentJob().id];

export function idOfThis() {
  return this.id;
}

export function reportFromResult() {
  const job = this;
  return {
    get late() {
      job.report('too late');
      return 1;
    },
  };
}

let keptJob;

export const keepJob = () => {
  keptJob = currentJob();
  return keptJob.id;
};

export const idOfKept = () => keptJob.id;

/** As `spin`, in an arrow function: its job is looked up late. */
export const spinArrow = () => {
  for (;;) currentJob().throwIfCancelled();
};

/** A loop that never looks. */
export function deaf(words) {
  Atomics.add(words, 1, 1);
  for (;;);
}

export function fail(message) {
  throw new RangeError(message);
}

export function throwValue(value) {
  throw value;
}

export function exit(code) {
  process.exit(code);
}

export function aboutMe() {
  const { id, name, priority, attempt, workerId } = currentJob();
  return { id, name, priority, attempt, workerId, isThis: this === currentJob() };
}

export function report(values) {
  const job = currentJob();
  for (const value of values) job.report(value);
  return values.length;
}

export function* yields(values) {
  for (const value of values) yield value;
  return 'done';
}

export async function* yieldsAsync(values) {
  for (const value of values) {
    await null;
    yield value;
  }
  return 'done';
}

export function makeBytes(size) {
  const bytes = new Uint8Array(size).fill(7);
  return move(bytes, [bytes.buffer]);
}

export const byteLength = (bytes) => bytes.byteLength;

/** Cancels a token it was given, then goes on. */
export function cancelToken(token, reason) {
  token.cancel(reason);
  return 'went on';
}

/** The same, and waits until the gate opens: by then everybody has heard. */
export async function cancelTokenAndHold(token, words) {
  const job = currentJob();
  token.cancel();
  Atomics.add(words, 1, 1);
  // the job's token is a child of that one, by way of the main thread
  while (!job.token.isCancelled || Atomics.load(words, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
  return job.token.isCancelled;
}

export function cancelOwnToken() {
  currentJob().token.cancel('by itself');
  return currentJob().token.isCancelled;
}

/** Resolves with the reason of the job's signal, once it aborts. */
export function untilAborted(words) {
  const { signal } = currentJob();
  Atomics.add(words, 1, 1);
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`aborted: ${signal.reason?.message ?? signal.reason}`)));
  });
}

export function leaveErrorBehind() {
  setTimeout(() => {
    throw new Error('left behind');
  }, 1);
  return 'returned';
}

export function throwWhileOpen() {
  return new Promise(() => {
    setTimeout(() => {
      throw new Error('uncaught while open');
    }, 1);
  });
}

export const notAFunction = 42;

/** Fails until the attempt of that number, and returns it. */
export function failUntil(attempt) {
  const job = currentJob();
  if (job.attempt < attempt) throw new RangeError(`attempt ${job.attempt}`);
  return job.attempt;
}

/** Ends its thread until the attempt of that number, and returns it. */
export function exitUntil(attempt) {
  const job = currentJob();
  if (job.attempt < attempt) process.exit(3);
  return job.attempt;
}

/** Runs until it is asked to stop; from the second attempt on it tells that, and whether its token is fresh. */
export function spinOnce() {
  const job = currentJob();
  while (job.attempt === 1) job.throwIfCancelled();
  return { attempt: job.attempt, isCancelled: job.token.isCancelled };
}

/** Counts in `words[1]` and fails. */
export function countAndFail(words) {
  Atomics.add(words, 1, 1);
  throw new RangeError('counted');
}

/** Cancels a token it was given, waits until its job has heard, and fails. */
export async function cancelTokenAndFail(token) {
  const job = currentJob();
  token.cancel();
  while (!job.token.isCancelled) await new Promise((resolve) => setImmediate(resolve));
  throw new RangeError('failed after that');
}
