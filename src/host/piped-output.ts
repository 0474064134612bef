import type { Worker } from 'node:worker_threads';
import type { Fd } from '../contract/printed.js';

const STREAMS = ['stdout', 'stderr'] as const;

/**
 * Makes a thread by foreign code, and finds out which of its streams are piped to this thread's own: not those that the code
 * keeps to itself by `stdout: true`.
 */
export function withPipedOutput(make: () => Worker): { readonly thread: Worker; readonly piped: readonly Fd[] } {
  const sources = new Set<unknown>();
  const onPipe = (source: unknown): void => {
    sources.add(source);
  };
  for (const name of STREAMS) process[name].on('pipe', onPipe);
  try {
    const thread = make();
    const piped = STREAMS.filter((name) => sources.has(thread[name]));
    return { thread, piped: piped.map((name) => (name === 'stdout' ? 1 : 2)) };
  } finally {
    for (const name of STREAMS) process[name].off('pipe', onPipe);
  }
}
