import type { InFlightJob } from '../base/in-flight-job.js';
import { type Peer, receive } from '../sync/sharing/registry.js';
import { decodeError, unpackReason } from '../wire/message/error-codec.js';
import { DOORBELL, type FromWorker } from '../wire/message/protocol.js';
import type { ControlPort } from './control-port.js';
import { isHookReply } from './hook-queue.js';
import type { JobChannel } from './job-channel.js';
import type { WorkerEvents } from './worker-events.js';
import type { WorkerLifecycle } from './worker-lifecycle.js';
import type { WorkerTalk } from './worker-talk.js';
import type { WorkerThread } from './worker-thread.js';

/** The parts that the messages are passed to. */
export interface ControlMessagesDeps<J extends InFlightJob, W extends Peer> {
  readonly control: ControlPort;
  readonly thread: WorkerThread;
  readonly lifecycle: WorkerLifecycle;
  readonly channel: JobChannel<J, W>;
  readonly talk: WorkerTalk;
  readonly events: WorkerEvents<J, W>;
}

/** Reads the messages that one worker sends by its control port. */
export class ControlMessages<J extends InFlightJob, W extends Peer> {
  readonly #worker: W;
  readonly #deps: ControlMessagesDeps<J, W>;

  constructor(worker: W, deps: ControlMessagesDeps<J, W>) {
    this.#worker = worker;
    this.#deps = deps;
  }

  listen(): void {
    this.#deps.control.listen((message) => this.#onMessage(message));
  }

  /** Reads what an ended thread has still sent about itself: how its hook ended, and why its loop failed. */
  readLast(): void {
    const { control, channel, lifecycle } = this.#deps;
    for (let message = control.take(); message !== undefined; message = control.take()) {
      if (message === DOORBELL) continue;
      if (isHookReply(message)) {
        channel.drain(Number.POSITIVE_INFINITY);
        lifecycle.hooks.handle(message);
      } else if (message.kind === 'broken') this.#onMessage(message);
    }
  }

  #onMessage(packed: FromWorker): void {
    const { control, thread, lifecycle, channel, events } = this.#deps;
    if (packed === DOORBELL) {
      events.workerRang();
      return;
    }
    const message = unpackReason(packed);
    switch (message.kind) {
      case 'ready':
        thread.processUp(message.pid);
        lifecycle.hooks.open();
        break;
      case 'value':
      case 'hook-begun':
        lifecycle.hooks.handle(message);
        break;
      case 'hook-returned':
      case 'hook-threw':
        channel.drain(Number.POSITIVE_INFINITY); // the hook's output arrives by the lane
        events.workerRang();
        lifecycle.hooks.handle(message);
        break;
      case 'token-asked':
      case 'copies-gone':
        receive(message, this.#worker);
        break;
      case 'token-cancelled': {
        const by = message.by === undefined ? undefined : channel.inFlight.find(message.by);
        events.sharedCancelled(by, () => receive(message, this.#worker));
        break;
      }
      case 'child-cancelled':
        events.childCancelled(this.#worker, message.child, message.reason);
        break;
      case 'called':
        this.#called(message);
        break;
      case 'heap-full':
        events.heapFull(this.#worker);
        break;
      case 'collected':
        events.collected(this.#worker, message.collections, message.done);
        break;
      case 'broken':
        lifecycle.broke(decodeError(message.error));
        break;
      case 'process-ended':
        thread.processEnded(message.exitCode, message.cause === undefined ? undefined : decodeError(message.cause));
        break;
      case 'pong':
        control.ponged();
        break;
      case 'profiled':
        control.profiled(message.profile);
        break;
      case 'late-error':
        events.lateError(decodeError(message.error), message.jobId);
        break;
    }
  }
  /** A job's code calls a function of the pool; its arguments came in the message before. */
  #called({ seq, call, name, tag }: Extract<FromWorker, { readonly kind: 'called' }>): void {
    const { control, channel, talk, events } = this.#deps;
    let args: readonly unknown[];
    try {
      args = control.values.take(tag, 'args') as readonly unknown[];
    } catch (error) {
      talk.postCallEnd(call, { error });
      return;
    }
    const job = channel.inFlight.find(seq);
    if (job !== undefined) events.functionCalled(this.#worker, job, { call, name, args });
  }
}
