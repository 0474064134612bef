// Fixtures that share no memory with the test: they meet it by files. See FileGate and FileLog.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId as ownThreadId } from 'node:worker_threads';
import { currentJob, move } from 'thread-system/worker';

const isClosed = (gate) => existsSync(join(gate, 'closed'));
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Tells the gate that a task has come to it. */
function reach(gate) {
  const { id, attempt } = currentJob();
  writeFileSync(join(gate, `reached-${id}-${attempt}`), String(process.pid));
}

/** Waits in the event loop until the gate opens. */
export async function hold(gate, value) {
  reach(gate);
  while (isClosed(gate)) await turn();
  return value;
}

/** The same, but blocks its thread. */
export function block(gate, value) {
  reach(gate);
  while (isClosed(gate));
  return value;
}

/** A loop that looks at its job at every turn. */
export function spin(gate) {
  const job = currentJob();
  reach(gate);
  for (;;) job.throwIfCancelled();
}

/** A loop that never looks. */
export function deaf(gate) {
  reach(gate);
  for (;;);
}

/** A loop that looks at a token it was given. */
export function spinUntil(gate, token) {
  reach(gate);
  while (!token.isCancelled);
  return 'seen';
}

/** Waits for a token it was given, and answers its reason. */
export async function reasonOf(gate, token) {
  const cancelled = new Promise((resolve) => token.onCancel(resolve)); // before: the reason comes after the flag
  reach(gate);
  await cancelled;
  return token.reason;
}

/** Throws, once its signal aborts, what it was told. */
export function untilAborted(gate) {
  const { signal } = currentJob();
  reach(gate);
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`aborted: ${signal.reason?.message ?? signal.reason}`)));
  });
}

/** Returns what it has once its job's token is cancelled. */
export async function untilCancelled(gate, value) {
  const { token } = currentJob();
  reach(gate);
  await token.wait();
  return value;
}

export function cancelToken(token, reason) {
  token.cancel(reason);
  return 'went on';
}

export function note(log, value) {
  appendFileSync(log, `${value}\n`);
}

/** Notes each call, and fails until it is called as attempt `count`. */
export function succeedAt(log, count) {
  const { attempt } = currentJob();
  note(log, attempt);
  if (attempt < count) throw new RangeError(`attempt ${attempt}`);
  return attempt;
}

/** The same, ending its thread. */
export function surviveAt(count) {
  const { attempt } = currentJob();
  if (attempt < count) process.exit(attempt);
  return attempt;
}

export function views() {
  const both = new ArrayBuffer(8);
  return { whole: new Uint8Array(both), part: new Uint16Array(both, 2, 2), other: new Float64Array([1.5]) };
}

export function moved(size) {
  const bytes = new Uint8Array(size).fill(7);
  return move({ bytes, length: bytes.length }, [bytes.buffer]);
}

export const pid = () => process.pid;

export const threadId = () => ownThreadId;
