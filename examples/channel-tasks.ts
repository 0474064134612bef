import { type Channel, type Condition, currentJob, type Mutex, type Signal } from 'thread-system/worker';

export interface Request {
  readonly id: number;
  readonly text: string;
}

/** Sends as fast as the others receive: it waits while the channel is full. */
export function produce(requests: Channel<Request>, from: number, count: number): void {
  for (let id = from; id < from + count; id++) requests.sendSync({ id, text: `request ${id}` });
}

/** Receives until the channel is closed, or the job is cancelled. */
export function consume(requests: Channel<Request>, lengths: Channel<number>): number {
  let done = 0;
  for (const { text } of requests.valuesSync()) {
    currentJob().throwIfCancelled();
    lengths.sendSync(text.length);
    done++;
  }
  return done;
}

export interface WorkRequest {
  readonly id: number;
  readonly text: string;
}

export type WorkResult =
  | { readonly id: number; readonly value: bigint }
  | { readonly id: number; readonly error: unknown };

/** A worker thread: handles one request after the other until the queue is closed, even if one fails. */
export function serveRequests(requests: Channel<WorkRequest>, results: Channel<WorkResult>): void {
  for (const { id, text } of requests.valuesSync()) {
    try {
      results.sendSync({ id, value: BigInt(text) ** 2n });
    } catch (error) {
      results.sendSync({ id, error });
    }
  }
}

/** The list of work, in shared memory guarded by a lock: how many numbers there are, then the numbers themselves. */
export interface Todo {
  readonly words: Int32Array;
  readonly lock: Mutex;
  readonly changed: Condition;
}

/** Takes numbers from the list until it is asked to stop and none is left. Returns the sum of those it took. */
export function workOff(todo: Todo, pleaseStop: Signal): number {
  let sum = 0;
  for (let next = take(todo, pleaseStop); next !== undefined; next = take(todo, pleaseStop)) sum += next;
  return sum;
}

function take({ words, lock, changed }: Todo, pleaseStop: Signal): number | undefined {
  using _lock = lock.lockSync();
  while (words[0] === 0) {
    if (pleaseStop.isSet) return undefined;
    changed.waitSync({ timeoutMs: 1_000 }); // unlocks the list meanwhile
  }
  const count = words[0] as number;
  words[0] = count - 1;
  changed.notifyAll(); // there is room
  return words[count];
}
