import { type Channel, currentJob } from 'thread-system/worker';

export interface Request {
  readonly id: number;
  readonly text: string;
}

/** Sends as fast as the others receive: a full channel has it wait. */
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
