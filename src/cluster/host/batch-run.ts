import { clearInterval, setInterval } from '../../base/clock.js';
import { all } from '../../base/promises.js';
import type { Job } from '../../jobs/job.js';
import { kindOf } from '../../jobs/job-access.js';
import { encodeFailure } from '../codec/failure-codec.js';
import { memberId } from '../codec/job-id.js';
import { causeOf, isForWaiting, SPLIT } from '../codec/marks.js';
import { type Notice, type Request, readNotices } from '../codec/notices.js';
import { decodeValue, type Encoded, encodedOrNothing, encodeValue } from '../codec/value-codec.js';
import { BatchMember, type RunningBatch } from './batch-member.js';
import type { HostRun } from './host-run.js';
import type { LocalCall } from './local-jobs.js';
import { ProgressSender } from './progress-sender.js';

/** Largest result that is part of its notice, in bytes. The submitter reads larger ones from the record. */
const MAX_INLINE = 65_536;
/** How long the notices of members that have settled are kept to be sent together, in ms. */
const SEND_MS = 20;
/** How often a running batch writes its settled members into its record, in ms. */
const SAVE_MS = 50;

/** What a batch uses of its host. */
export interface BatchDeps {
  readonly hostId: string;
  /** What others have written into the record of the batch: cancels of its members; the members that have settled. */
  readonly read: (
    id: string,
  ) => Promise<{ readonly marks: ReadonlyMap<number, string>; readonly settled: string | null }>;
  readonly save: (id: string, settled: string) => Promise<unknown>;
  /** Makes a job of the pool; `undefined` if that is shut down. */
  readonly submit: (call: LocalCall) => Job | undefined;
  /** Takes a place, or waits for one if the task has a limit of its own. Returns false if the run is to stop. */
  readonly enter: () => boolean | Promise<boolean>;
  readonly leave: () => void;
  /** Whether the pool has cancelled running jobs because it was shut down. */
  readonly isEndOfPool: () => boolean;
  readonly send: (notices: readonly Notice[]) => void;
  /** A member has settled. */
  readonly settled: (outcome: Notice) => void;
}

/** The run of a batch: each of its calls is a job of the host's pool. */
export class BatchRun implements RunningBatch {
  readonly #run: HostRun;
  readonly #deps: BatchDeps;
  readonly members: readonly BatchMember[];
  /** Whether the pool refused or cancelled calls because it was shut down. */
  isCut = false;
  #unsent: Notice[] = [];
  #unsaved = false;

  constructor(run: HostRun, count: number, deps: BatchDeps) {
    this.#run = run;
    this.#deps = deps;
    this.members = Array.from({ length: count }, (_, index) => new BatchMember(memberId(run.id, index)));
  }

  /** Runs the calls that have not settled before. Returns their outcomes; calls that the host interrupted have none. */
  async go(calls: readonly Encoded[]): Promise<readonly Notice[]> {
    const { marks, settled } = await this.#deps.read(this.#run.id);
    for (const notice of readNotices(settled ?? '[]')) this.#wasSettled(notice);
    const sending = setInterval(() => this.flush(), SEND_MS).unref();
    const saving = setInterval(() => void this.#save().catch(() => {}), SAVE_MS).unref();
    try {
      const running: Promise<void>[] = [];
      for (const [index, member] of this.members.entries()) {
        if (member.outcome !== undefined) continue;
        member.mark ??= marks.get(index);
        if (member.mark === SPLIT) continue;
        if (member.mark !== undefined) {
          this.#cancelled(member, member.mark);
          continue;
        }
        // members that need not wait begin in one turn: otherwise other batches would come between them
        const entered = this.#deps.enter();
        if (!(typeof entered === 'boolean' ? entered : await entered)) break;
        running.push(this.#call(member, calls[index] ?? {}, this.#run.data?.h?.[index]));
      }
      await all(running);
    } finally {
      clearInterval(sending);
      clearInterval(saving);
      this.flush();
    }
    if (this.#run.stoppedBy === 'drained' || this.isCut) await this.#save();
    return this.#outcomes;
  }

  get #outcomes(): readonly Notice[] {
    return this.members.map(({ outcome }) => outcome).filter((outcome) => outcome !== undefined);
  }

  /** Sends the notices that are kept. */
  flush(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    if (unsent.length > 0 && this.#run.stoppedBy !== 'fenced') this.#deps.send(unsent.map(light));
  }

  /** Handles a request for a member. Returns whether it will settle CANCELLED, or has the new priority. */
  request(index: number, request: Request): boolean {
    const member = this.members[index];
    if (member === undefined) return false;
    if (request.kind === 'priority') return member.local?.setPriority(request.priority) ?? false;
    if (isForWaiting(request.mark) && member.local?.state === 'RUNNING') return false;
    return this.#cancel(member, request.mark);
  }

  #cancel(member: BatchMember, mark: string): boolean {
    const { local } = member;
    if (local === undefined) {
      if (member.outcome === undefined) member.mark ??= mark; // it has not begun, and never will
      return member.outcome === undefined || member.outcome[0] === 'cancelled';
    }
    const stops = local.cancel(causeOf(mark, local.name)?.reason) || kindOf(local).settledAs === 'CANCELLED';
    if (stops) member.mark ??= mark;
    else this.flush(); // its outcome is sent before the reply
    return stops;
  }

  async #call(member: BatchMember, encoded: Encoded, headers: string | null | undefined): Promise<void> {
    const { submit, leave, hostId, send } = this.#deps;
    try {
      const args = decodeValue(encoded, 'args');
      const local = submit({ id: member.id, args: Array.isArray(args) ? args : [], headers });
      if (local === undefined) {
        this.isCut = true;
        return;
      }
      member.local = local;
      const progress = new ProgressSender(member.id, local, (notice) => send([notice]));
      await local.catch(() => {});
      progress.flush();
      this.#ended(member, local);
    } catch (error) {
      this.#settle(member, ['failed', member.id, encodeFailure(error), this.#run.info(hostId)]);
    } finally {
      leave();
    }
  }

  #ended(member: BatchMember, local: Job): void {
    const { settledAs } = kindOf(local);
    const info = this.#run.info(this.#deps.hostId, local);
    if (settledAs === 'COMPLETED') {
      this.#settle(member, ['completed', member.id, encodeValue(local.result, 'result').encoded, info]);
      return;
    }
    const { error } = local;
    if (settledAs !== 'CANCELLED') this.#settle(member, ['failed', member.id, encodeFailure(error), info]);
    else if (member.mark === undefined && this.#deps.isEndOfPool()) this.isCut = true;
    else if (member.mark !== undefined || this.#run.stoppedBy === undefined)
      this.#settle(member, ['cancelled', member.id, encodeFailure(error), info, encodedOrNothing(local.result)]);
  }

  #cancelled(member: BatchMember, mark: string): void {
    const error = causeOf(mark, this.#run.bull.name)?.error();
    this.#settle(member, ['cancelled', member.id, encodeFailure(error), this.#run.info(this.#deps.hostId)]);
  }

  #settle(member: BatchMember, outcome: Notice): void {
    member.outcome = outcome;
    this.#unsent.push(outcome);
    this.#unsaved = true;
    this.#deps.settled(outcome);
  }

  /** An earlier run has settled the member: its host may have died before it notified the submitter. */
  #wasSettled(notice: Notice): void {
    const member = this.members.find(({ id }) => id === notice[1]);
    if (member === undefined) return;
    member.outcome = notice;
    this.#unsent.push(notice);
  }

  /** Writes the settled members into the record: another run skips them. */
  async #save(): Promise<void> {
    if (!this.#unsaved) return;
    this.#unsaved = false;
    await this.#deps.save(this.#run.id, JSON.stringify(this.#outcomes));
  }
}

/** Returns the notice, without the result if that is large. */
function light(notice: Notice): Notice {
  if (notice[0] !== 'completed') return notice;
  const [kind, id, encoded, run] = notice;
  return JSON.stringify(encoded).length > MAX_INLINE ? [kind, id, { r: 1 }, run] : notice;
}
