import { currentJob, move } from 'thread-system/worker';

export async function collect(count) {
  const messages = [];
  if (count === 0) return messages;
  for await (const message of currentJob().messages) if (messages.push(message) === count) break;
  return messages;
}

/** Reports that it has begun, so that what comes is posted to running code. */
export async function collectReporting(count) {
  currentJob().report('begun');
  return collect(count);
}

export function collectSync(count, timeoutMs) {
  const job = currentJob();
  job.report('begun');
  return Array.from({ length: count }, () => job.receiveSync(timeoutMs === undefined ? undefined : { timeoutMs }));
}

/** Works in a synchronous loop, and looks for messages in each iteration. */
export function workUntil(last) {
  const job = currentJob();
  job.report('begun');
  const seen = [];
  for (;;) {
    job.throwIfCancelled();
    const message = job.receiveSync({ timeoutMs: 0 });
    if (message !== undefined) seen.push(message);
    if (message === last) return seen;
  }
}

export function listen(count) {
  const job = currentJob();
  const messages = [];
  return new Promise((resolve) => {
    const stop = job.onMessage((message) => {
      messages.push([message, currentJob().id === job.id]);
      if (messages.length < count) return;
      stop();
      resolve(messages);
    });
  });
}

/** Each of three readers takes its part. */
export async function readByTurns() {
  const job = currentJob();
  const iterator = job.messages[Symbol.asyncIterator]();
  const first = (await iterator.next()).value;
  const second = job.receiveSync();
  const third = await new Promise((resolve) => {
    const stop = job.onMessage((message) => {
      stop();
      resolve(message);
    });
  });
  return [first, second, third];
}

export async function listenAndThrow() {
  const job = currentJob();
  await new Promise((resolve) => {
    job.onMessage(() => {
      throw new Error('of a listener');
    });
    job.onMessage(resolve);
  });
  return 'unharmed';
}

export async function readOneEachAttempt() {
  const job = currentJob();
  for await (const message of job.messages) {
    if (message === 'exit') process.exit(3);
    if (message !== 'last') throw new Error(`read ${message}`);
    return [job.attempt, message];
  }
}

export const call = (name, ...args) => currentJob().call(name, ...args);

export const callSync = (name, ...args) => currentJob().callSync(name, ...args);

export async function callMany(name, count) {
  const job = currentJob();
  return Promise.all(Array.from({ length: count }, (_, index) => job.call(name, index)));
}

/** What it is told while it blocks in a call must neither be lost nor disturb it. */
export function callSyncBetween() {
  const job = currentJob();
  job.report('begun');
  const first = job.callSync('whenReleased');
  const messages = [job.receiveSync(), job.receiveSync()];
  return [first, messages, job.callSync('add', 1, 2)];
}

export async function callInDetachedCode() {
  const job = currentJob();
  globalThis.detached = () => job.call('add', 1, 2);
}

export const runDetached = () => globalThis.detached();

export function reportMoved() {
  const job = currentJob();
  const [first, second] = [new Uint8Array(1_000).fill(1), new Uint8Array(1_000).fill(2)];
  job.report(first, [first.buffer]);
  job.report(move(second, [second.buffer]));
  return [first.byteLength, second.byteLength];
}

export function* yieldMoved() {
  const bytes = new Uint8Array(1_000).fill(3);
  yield move(bytes, [bytes.buffer]);
  return bytes.byteLength;
}

export function misplaceMove(where) {
  const job = currentJob();
  const bytes = new Uint8Array(8);
  const moved = move(bytes, [bytes.buffer]);
  if (where === 'inside a report') job.report({ moved });
  if (where === 'a call') return job.callSync('add', moved);
  return { moved };
}
