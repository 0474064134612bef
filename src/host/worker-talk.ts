import { hasProperty } from '../base/bare.js';
import { type InFlightJob, type Mail, seqOf } from '../base/in-flight-job.js';
import type { CodeEnd } from '../contract/code-end.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { Peer } from '../sync/sharing/registry.js';
import { wake } from '../sync/waiting/wakeup.js';
import { encodeError } from '../wire/message/error-codec.js';
import { snapshot } from '../wire/message/snapshot.js';
import type { ControlPort } from './control-port.js';

/** Whether the pool keeps a message until the job's code has read it: another attempt, or another worker, may need it. */
export type MailKeeping = 'kept' | 'sent once';

/** Returns a copy of a message as it is now, to be sent later. @throws {NotCloneableError} if it cannot be cloned. */
export function copyMail({ message, transfer }: Mail): Mail {
  const { value, moved } = snapshot(message, 'message', transfer);
  return { message: value, transfer: moved };
}

/** Sends messages to the code of a worker's jobs: posted ones, and the outcomes of its children and calls. */
export class WorkerTalk {
  readonly #control: ControlPort;
  readonly #peer: Peer;
  readonly #wakeup: number;

  /** @param wakeup the wakeup of the worker's thread. */
  constructor(control: ControlPort, peer: Peer, wakeup: number) {
    this.#control = control;
    this.#peer = peer;
    this.#wakeup = wakeup;
  }

  /**
   * Sends a message to the code of a job that is at the worker.
   *
   * @param keeping whether the pool keeps the message until it is reported as read.
   * @throws {NotCloneableError} if the message cannot be cloned.
   */
  post(job: InFlightJob, mail: Mail, keeping: MailKeeping): void {
    this.#send(job, mail, keeping);
    wake(this.#wakeup);
  }

  /** Has the code of a job that is at the worker get an error in place of a message that could not be passed on. */
  postFault(job: InFlightJob, error: unknown, keeping: MailKeeping): void {
    this.#control.post({ kind: 'post-failed', seq: seqOf(job), error: encodeError(error), isKept: keeping === 'kept' });
    wake(this.#wakeup);
  }

  /** Sends what was posted to a job before the job was sent here. @throws {NotCloneableError} if it cannot be cloned. */
  sendMail(job: InFlightJob, mail: readonly Mail[]): void {
    for (const each of mail) this.#send(job, each, 'kept');
  }

  /** Notifies the code of a child's parent of how the child ended. */
  postChildEnd(child: number, end: CodeEnd): void {
    this.#postEnd(end, {
      returned: (tag) => this.#control.post({ kind: 'child-ended', child, tag }),
      threw: (error) => this.#control.post({ kind: 'child-failed', child, error: encodeError(error) }),
    });
  }

  /** Notifies the code of a job, which may block its thread for that, of how its call of a function ended. */
  postCallEnd(call: number, end: CodeEnd): void {
    this.#postEnd(end, {
      returned: (tag) => this.#control.post({ kind: 'call-returned', call, tag }),
      threw: (error) => this.#control.post({ kind: 'call-threw', call, error: encodeError(error) }),
    });
    wake(this.#wakeup);
  }

  #postEnd(
    end: CodeEnd,
    post: { readonly returned: (tag: number) => void; readonly threw: (error: unknown) => void },
  ): void {
    if (!this.#peer.isOpen) return;
    if (hasProperty(end, 'error')) {
      post.threw(end.error);
      return;
    }
    let tag: number;
    try {
      tag = this.#control.values.send(end.value, 'result');
    } catch (fault) {
      post.threw(fault);
      return;
    }
    post.returned(tag);
  }

  #send(job: InFlightJob, { message, transfer }: Mail, keeping: MailKeeping): void {
    const tag = this.#control.values.send(message, 'message', transfer as readonly Transferable[]);
    this.#control.post({ kind: 'posted', seq: seqOf(job), tag, isKept: keeping === 'kept' && transfer.length === 0 });
  }
}
