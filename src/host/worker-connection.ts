import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { acquire } from '../base/acquire.js';
import { nestingDepth } from '../base/nesting.js';
import { GREETING } from '../base/version.js';
import { claimWakeup, freeWakeups, wakeupTable } from '../sync/waiting/wakeup.js';
import { createMemory, type WorkerMemory } from '../wire/lane/layout.js';
import type { WorkerInit } from '../wire/message/protocol.js';
import type { WorkerSettings } from './worker-settings.js';

/** Symbol under which an in-process ts-node leaves its service on `process`. */
const TS_NODE = Symbol.for('ts-node.register.instance');

/** What connects the pool's thread to one worker: shared memory, this side's ports, and the wakeup of the worker's thread. */
export interface WorkerConnection {
  readonly memory: WorkerMemory;
  readonly wakeup: number;
  readonly control: MessagePort;
  readonly payload: MessagePort;
}

/** Creates a connection and posts the thread its side. Releases everything if that throws. */
export function connect(thread: Worker, settings: WorkerSettings): WorkerConnection {
  const { workerId, concurrency, poolWord, printed } = settings;
  return acquire((own) => {
    const memory = createMemory();
    const wakeup = own(claimWakeup(), (claimed) => freeWakeups([claimed]));
    const control = own(new MessageChannel(), ({ port1 }) => port1.close());
    const payload = own(new MessageChannel(), ({ port1 }) => port1.close());
    const init: WorkerInit = {
      kind: GREETING,
      workerId,
      concurrency,
      memory,
      poolWord,
      wakeups: wakeupTable(),
      wakeup,
      control: control.port2,
      payload: payload.port2,
      isTsNodeRegistered: settings.isTsNodeRegistered ?? TS_NODE in process,
      hooksFirst: settings.hooksFirst ?? 0,
      process: settings.process,
      depth: settings.depth ?? nestingDepth() + 1,
      notesBegins: settings.notesBegins ?? false,
      around: settings.around,
      heapLimitMb: settings.heapLimitMb,
      printed,
    };
    thread.postMessage(init, [control.port2, payload.port2]);
    return { memory, wakeup, control: control.port1, payload: payload.port1 };
  });
}
