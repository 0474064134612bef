// The tasks of the small examples. Every exported function can be a task; this file is loaded in the workers.
import { createHash } from 'node:crypto';
import {
  type Barrier,
  type CancellationToken,
  currentJob,
  type Latch,
  move,
  type Semaphore,
} from 'thread-system/worker';
import { HttpError } from './http-error.js';
import type { Functions } from './talking.js';

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Reports its progress at each fifth of the range. */
export function primesBelow(limit: number): number[] {
  const job = currentJob();
  const isComposite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let n = 2; n < limit; n++) {
    job.throwIfCancelled();
    if (n % (limit / 5) === 0) job.report(n / limit);
    if (isComposite[n]) continue;
    primes.push(n);
    for (let multiple = n * n; multiple < limit; multiple += n) isComposite[multiple] = 1;
  }
  return primes;
}

/** A generator task: yields each number on the way to 1, returns how many steps it took. */
export function* collatz(start: number): Generator<number, number> {
  let steps = 0;
  for (let n = start; n !== 1; steps++) {
    n = n % 2 === 0 ? n / 2 : 3 * n + 1;
    yield n;
  }
  return steps;
}

/** Never ends by itself, but is easily stopped. */
export function countForever(): never {
  const job = currentJob();
  job.report('begun');
  for (;;) job.throwIfCancelled();
}

/** Never ends by itself, and never checks whether it should: do not write such a task. */
export function countWithoutAsking(): never {
  currentJob().report('begun');
  for (;;);
}

export function sum(numbers: Float64Array): number {
  return numbers.reduce((total, n) => total + n, 0);
}

export function countUp(counter: Int32Array, times: number): void {
  for (let i = 0; i < times; i++) Atomics.add(counter, 0, 1);
}

export function invert(pixels: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < pixels.length; i++) pixels[i] = 255 - (pixels[i] ?? 0);
  return move(pixels, [pixels.buffer]); // moves the memory back instead of copying it
}

export function fetchPage(path: string): never {
  throw new HttpError(404, `Cannot find ${path}`);
}

/** Fails with an HTTP error until the attempt of that number. */
export function fetchFlaky(path: string, goodAttempt: number): string {
  if (currentJob().attempt < goodAttempt) throw new HttpError(503, `Busy: ${path}`);
  return `content of ${path}`;
}

/** The smallest factor of `number` in the range; `undefined` when there is none, or when another task was faster. */
export function findFactor(
  number: number,
  range: { readonly from: number; readonly to: number },
  found: CancellationToken,
): number | undefined {
  for (let factor = range.from; factor < range.to && !found.isCancelled; factor++) {
    if (number % factor !== 0) continue;
    found.cancel(`the factor is ${factor}`);
    return factor;
  }
  return undefined;
}

/** The number in the range that has this hash; finding it stops all other jobs that look for it. */
export function findPreimage(
  hash: string,
  range: { readonly from: number; readonly to: number },
  found: CancellationToken,
): number | undefined {
  const job = currentJob();
  for (let n = range.from; n < range.to; n++) {
    job.throwIfCancelled();
    if (sha256(String(n)) !== hash) continue;
    found.cancel(`it is ${n}`);
    return n;
  }
  return undefined;
}

/** Calls while it holds a permit. A cancelled job stops waiting for one. */
export async function fetchText(url: string, permits: Semaphore): Promise<string> {
  const { token, signal } = currentJob();
  using _permit = await permits.acquire({ token });
  const response = await fetch(url, { signal });
  return response.text();
}

/** One of several that share a rod: loads its part, then takes each step together with the others. */
export function conductHeat(
  copies: readonly [Float64Array, Float64Array],
  part: { readonly from: number; readonly to: number },
  { steps, loaded, stepped }: { readonly steps: number; readonly loaded: Latch; readonly stepped: Barrier },
): void {
  let [now, next] = copies;
  for (let i = part.from; i < part.to; i++) now[i] = i === 0 ? 100 : 0;
  loaded.countDown();
  loaded.waitSync();
  for (let step = 0; step < steps; step++) {
    for (let i = part.from; i < part.to; i++) {
      const here = now[i] ?? 0;
      next[i] = i === 0 ? here : ((now[i - 1] ?? here) + here + (now[i + 1] ?? here)) / 3;
    }
    stepped.arriveAndWaitSync(); // all have read `now` and written `next`
    [now, next] = [next, now];
  }
}

/** Adds up numbers until it is asked to stop, and returns the sum so far. */
export function sumUntil(stop: CancellationToken): number {
  currentJob().report('begun');
  let sum = 0;
  while (!stop.isCancelled) sum += 0.5;
  return sum;
}

/** Serves until it is asked to stop. */
export async function serve(name: string): Promise<string> {
  const job = currentJob();
  job.report(`${name} is up`);
  await job.token.wait();
  return `${name} is down`;
}

/** Has each half sorted by a child, while halves are large. */
export async function sortInParts(numbers: Float64Array): Promise<Float64Array> {
  const job = currentJob();
  if (numbers.length <= 1_000) return numbers.toSorted();
  const middle = numbers.length >> 1;
  const lowJob = job.submit(sortInParts, [numbers.slice(0, middle)]);
  const highJob = job.submit(sortInParts, [numbers.slice(middle)]);
  const [low, high] = [await lowJob, await highJob];
  const merged = new Float64Array(numbers.length);
  for (let at = 0, i = 0, j = 0; at < merged.length; at++)
    merged[at] =
      (low[i] ?? Number.POSITIVE_INFINITY) <= (high[j] ?? Number.POSITIVE_INFINITY)
        ? (low[i++] ?? 0)
        : (high[j++] ?? 0);
  return merged;
}

/** Two children that serve until they are asked to stop. */
export async function serveBoth(names: readonly [string, string]): Promise<string[]> {
  const job = currentJob();
  const children = names.map((name) => job.submit(serve, [name], { name }));
  job.report('begun');
  return Promise.all(children);
}

/** Answers once the gate is open. */
export function answerWhenOpen(gate: Int32Array): string {
  currentJob().report('begun');
  Atomics.wait(gate, 0, 0);
  return 'answered';
}

/** Ends its process by a signal, as a fault in native code does. */
export function crash(signal: 'SIGABRT' | 'SIGSEGV'): never {
  process.kill(process.pid, signal);
  for (;;);
}

/** Crashes in its first attempt. */
export function crashOnce(): string {
  if (currentJob().attempt === 1) crash('SIGSEGV');
  return 'done';
}

/** Counts in a synchronous loop, and checks for messages now and then. */
export function countUntilTold(): unknown {
  const job = currentJob();
  job.report('begun');
  for (let count = 1; ; count++) {
    const message = count % 1_000 === 0 ? job.receiveSync({ timeoutMs: 0 }) : undefined;
    if (message !== undefined) return message;
  }
}

/** Asks the main thread for the rate. */
export async function priceIn(currency: string, euros: number): Promise<number> {
  return euros * (await currentJob<Functions>().call('rateOf', currency));
}
