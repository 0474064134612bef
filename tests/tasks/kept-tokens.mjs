// Tokens that outlive the call that brought them, and tokens of jobs.
import { currentJob } from 'thread-system/worker';

const turn = () => new Promise((resolve) => setImmediate(resolve));
let kept;
let collected = 0;
const registry = new FinalizationRegistry(() => collected++);

export function keep(token) {
  kept = token;
}

/** Waits until the token was cancelled, and returns the reason. */
export async function reasonOfKept() {
  while (!kept.isCancelled || kept.reason === undefined) await turn();
  return kept.reason;
}

export async function cancelKept(reason) {
  kept.cancel(reason);
  await turn();
}

export const lengthOf = (list) => list.length;

export function collect(list) {
  gc();
  return list.length;
}

/** Has a listener that it never takes off. */
export function listen() {
  const { token } = currentJob();
  token.onCancel(() => {});
  registry.register(token, undefined);
}

/** How many tokens of jobs that have ended are gone. */
export async function countCollected() {
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc();
  }
  return collected;
}
