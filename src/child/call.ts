import type { ContextValues } from '../base/context-stores.js';
import { giveAccess, type InFlightJob, type InFlightJobKind, type InFlightJobTask } from '../base/in-flight-job.js';
import type { JobOverrides } from '../contract/job-overrides.js';
import type { ToProcess } from '../wire/process/process-protocol.js';

/** What a call consists of besides the message that asked for it. */
export interface CallValues {
  readonly task: InFlightJobTask;
  readonly args: readonly unknown[];
  readonly context: ContextValues | undefined;
}

/** A call of the pool as a job of this process's worker. */
export class Call implements InFlightJob {
  owner: object | undefined = undefined;
  seq = 0;
  /** Set when a report could not be sent, too late to throw in the code that made it: the call fails with it once the code has ended. */
  fault: { readonly error: unknown } | undefined;
  readonly run: number;
  readonly id: number;
  readonly kind: InFlightJobKind;
  readonly overrides: JobOverrides;
  readonly args: readonly unknown[];

  constructor(message: Extract<ToProcess, { readonly kind: 'run' }>, { task, args, context }: CallValues) {
    this.run = message.run;
    this.id = message.id;
    const { name, attempt, shownId } = message;
    this.overrides = { name, attempt: attempt > 1 ? attempt : undefined, context, id: shownId };
    this.kind = { task, priority: message.priority, urgency: 0 };
    this.args = args;
  }

  static {
    giveAccess<Call>({
      isInFlightJob: (value) => value instanceof Call,
      idOf: (call) => call.id,
      kindOf: (call) => call.kind,
      argsOf: (call) => call.args,
      isPlain: () => false,
      overridesOf: (call) => call.overrides,
      transferOf: () => undefined,
      timeoutMsOf: () => undefined,
      mailOf: () => undefined,
      orderOf: () => 0,
      ownerOf: (call) => call.owner,
      setOwner: (call, owner) => {
        call.owner = owner;
      },
      seqOf: (call) => call.seq,
      setSeq: (call, seq) => {
        call.seq = seq;
      },
    });
  }
}
