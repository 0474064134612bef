import { RareMap } from '../../base/maps/rare-map.js';
import type { Printed } from '../../contract/printed.js';
import type { Copy } from '../../wire/message/payload-port.js';

/** A report, a child or output for which the lane had no room, copied as the task may change it. */
export interface WaitingEntry {
  readonly kind: number;
  /** The number of the child, or 0. */
  readonly child: number;
  readonly copy: Copy;
}

/** Key of output, instead of a job's sequence number. */
const OUTPUT = Number.NaN;
/** Key of output that goes right before the next answer. Its list is empty: it is copied when it is sent. */
const OUTPUT_AT_ANSWER = Number.POSITIVE_INFINITY;

/**
 * What waits for room in the result lane: reports and children by their job's sequence number, and output. Extends the map
 * instead of having one, as each answer looks whether it is empty.
 */
export class Overflow extends RareMap<number, WaitingEntry[]> {
  #atAnswer: readonly Printed[] = [];

  get hasOutput(): boolean {
    return this.has(OUTPUT);
  }

  /** Sequence numbers of the jobs of which something waits. */
  get jobs(): readonly number[] {
    return [...this.keys()].filter(Number.isFinite);
  }

  add(seq: number, entry: WaitingEntry): void {
    const waiting = this.get(seq);
    if (waiting === undefined) this.set(seq, [entry]);
    else waiting.push(entry);
  }

  addOutput(entry: WaitingEntry): void {
    this.add(OUTPUT, entry);
  }

  /** Replaces the output that goes right before the next answer. */
  setAtAnswer(printed: readonly Printed[]): void {
    if (printed.length === 0) this.delete(OUTPUT_AT_ANSWER);
    else this.set(OUTPUT_AT_ANSWER, []);
    this.#atAnswer = printed;
  }

  /** Removes and returns what waits of a job. */
  take(seq: number): readonly WaitingEntry[] | undefined {
    const waiting = this.get(seq);
    if (waiting !== undefined) this.delete(seq);
    return waiting;
  }

  takeOutput(): readonly WaitingEntry[] | undefined {
    return this.take(OUTPUT);
  }

  /** Removes and returns the output that goes right before the next answer. */
  takeAtAnswer(): readonly Printed[] | undefined {
    return this.delete(OUTPUT_AT_ANSWER) ? this.#atAnswer : undefined;
  }
}
