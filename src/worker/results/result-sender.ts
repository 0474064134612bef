import { setTimeout } from '../../base/clock.js';
import type { ChildSubmission } from '../../contract/child-submission.js';
import type { Printed } from '../../contract/printed.js';
import type { EndOutcome } from '../../wire/lane/slot-table.js';
import { encodeError } from '../../wire/message/error-codec.js';
import { type JobContext, seqOf } from '../job-context.js';
import type { MainDoorbell } from '../main-doorbell.js';
import type { OutputLane } from '../output.js';
import type { ResultWriter } from './result-writer.js';

/** Pause before what found no room in the lane is tried again. */
const RETRY_MS = 5;

/** Writes entries to the result lane and rings the main thread for them: for outcomes when that is due, else at once. */
export class ResultSender implements OutputLane {
  readonly #writer: ResultWriter;
  readonly #doorbell: MainDoorbell;
  #isRetryAwaited = false;

  constructor(writer: ResultWriter, doorbell: MainDoorbell) {
    this.#writer = writer;
    this.#doorbell = doorbell;
  }

  /** The job's code has returned. */
  returned(seq: number, value: unknown, begunAtMs: number, endedAtMs: number): EndOutcome {
    this.#writer.time(begunAtMs, endedAtMs);
    const outcome = this.#writer.returned(seq, value);
    this.#doorbell.answered(begunAtMs, endedAtMs);
    return outcome;
  }

  /** The job's code has thrown. */
  threw(seq: number, error: unknown, begunAtMs: number, endedAtMs: number): EndOutcome {
    this.#writer.time(begunAtMs, endedAtMs);
    const outcome = this.#writer.threw(seq, encodeError(error));
    this.#doorbell.answered(begunAtMs, endedAtMs);
    return outcome;
  }

  /** The job failed before its code began. */
  failedToStart(seq: number, error: unknown, atMs: number): EndOutcome {
    this.#writer.time(atMs, atMs);
    const outcome = this.#writer.failedToStart(seq, encodeError(error));
    this.#doorbell.answered(atMs, atMs);
    return outcome;
  }

  started(seq: number, begunAtMs: number): void {
    this.#writer.started(seq, begunAtMs);
    this.#doorbell.ring();
  }

  /** @throws {NotCloneableError} if the value cannot cross. */
  report(context: JobContext, value: unknown): void {
    this.#writer.report(seqOf(context), value);
    this.#passOn();
  }

  /** @throws {NotCloneableError} if an argument cannot cross. */
  childSubmitted(parent: JobContext, child: ChildSubmission): void {
    this.#writer.childSubmitted(seqOf(parent), child);
    this.#passOn();
  }

  suspended(context: JobContext): void {
    this.#writer.suspended(seqOf(context));
    this.#passOn();
  }

  /** The job's code has read a message that the pool keeps until then. */
  messageRead(context: JobContext): void {
    this.#writer.messageRead(seqOf(context));
    this.#passOn();
  }

  /** @param context the job whose code blocks the thread, if any. */
  blocked(context: JobContext | undefined): void {
    this.#writer.blocked(context && seqOf(context));
    this.#doorbell.ring();
  }

  /** The job's code has cancelled the job's own token. */
  tokenCancelled(context: JobContext, reason: unknown): void {
    this.#writer.tokenCancelled(seqOf(context), encodeError(reason));
    this.#doorbell.ring();
  }

  print(printed: readonly Printed[]): boolean {
    const hasGone = this.#writer.print(printed);
    this.#doorbell.ring();
    return hasGone;
  }

  printAtAnswer(printed: readonly Printed[]): void {
    this.#writer.printAtAnswer(printed);
  }

  catchUp(): boolean {
    const hasGone = this.#writer.catchUp();
    this.#doorbell.ring();
    return hasGone;
  }

  awaitRoom(): void {
    this.#writer.awaitRoom();
    this.#doorbell.ring();
  }

  /** Rings. What has found no room is sent later, whether or not its job has more to send: its parent may await a child. */
  #passOn(): void {
    this.#doorbell.ring();
    if (this.#isRetryAwaited || !this.#writer.isBehind) return;
    this.#isRetryAwaited = true;
    setTimeout(this.#retry, RETRY_MS);
  }

  readonly #retry = (): void => {
    this.#isRetryAwaited = false;
    this.#writer.catchUpJobs();
    this.#passOn();
  };
}
