import type { CollectionWatch } from '../contract/collections.js';
import { receive } from '../sync/sharing/registry.js';
import { unpackReason } from '../wire/message/error-codec.js';
import { DOORBELL, type ToWorker } from '../wire/message/protocol.js';
import type { Children } from './children.js';
import type { HookTurns } from './hooks/hook-turns.js';
import { cancelled, raiseToken } from './job-context.js';
import type { WorkerLoop } from './loop.js';
import type { OpenJobs } from './open-jobs.js';
import type { PoolPort } from './pool-port.js';
import type { ProcessRelay } from './relay/process-relay.js';
import type { RequestReader } from './request-reader.js';
import type { Talk } from './talk/talk.js';
import type { TaskTable } from './tasks/task-table.js';

/** The parts that the messages are passed to. */
export interface PoolMessagesDeps {
  readonly port: PoolPort;
  readonly loop: WorkerLoop;
  readonly requests: RequestReader;
  readonly tasks: TaskTable;
  readonly openJobs: OpenJobs;
  readonly children: Children;
  readonly hookTurns: HookTurns;
  readonly relay: ProcessRelay | undefined;
  readonly talk: Talk;
  readonly collections: CollectionWatch;
}

/** Passes on the messages that a worker's pool sends by the control port. */
export class PoolMessages {
  readonly #deps: PoolMessagesDeps;

  constructor(deps: PoolMessagesDeps) {
    this.#deps = deps;
  }

  listen(): void {
    const { port, loop } = this.#deps;
    port.listen((message) => loop.guard(() => this.#onMessage(message)));
  }

  #onMessage(packed: ToWorker): void {
    const { port, loop, requests, tasks, openJobs, children, hookTurns, relay, talk, collections } = this.#deps;
    if (packed === DOORBELL) {
      loop.turn();
      return;
    }
    const message = unpackReason(packed);
    switch (message.kind) {
      case 'token-cancelled':
      case 'token-asked':
      case 'copies-gone':
        receive(message, port.peer);
        break;
      case 'job-cancelled': {
        const context = openJobs.find(message.seq);
        if (context !== undefined) cancelled(context, message.reason);
        break;
      }
      case 'parent-cancelled': {
        const context = openJobs.find(message.seq);
        if (context !== undefined) raiseToken(context, message.reason);
        break;
      }
      case 'value':
        port.values.receive(message);
        break;
      case 'posted':
      case 'post-failed':
        talk.posted(message);
        break;
      case 'call-returned':
      case 'call-threw':
        talk.callEnded(message);
        break;
      case 'child-ended':
      case 'child-failed':
        children.ended(message);
        break;
      case 'hook':
        hookTurns.add(message);
        break;
      case 'ping':
        if (relay === undefined) port.post({ kind: 'pong' });
        else relay.ping();
        break;
      case 'profile':
        relay?.profile(message.step);
        break;
      case 'collections':
        if (relay === undefined) collections.do(message.step);
        else relay.watchCollections(message.step);
        break;
      case 'end-process':
        relay?.end();
        break;
      case 'task-gone':
        tasks.forget(message.id);
        break;
      case 'memory-gone':
        requests.forgetMemory(message.number);
        break;
    }
  }
}
