// The entry of every worker. Bundled into one file that imports node: builtins only, so that its text can be embedded.
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { WorkerInit } from '../wire/message/protocol.js';
import { startWorker } from './engine.js';
import { ProcessRelay } from './relay/process-relay.js';
import { setTsNodeInMain } from './tasks/typescript-loader.js';

function start(init: WorkerInit): void {
  setTsNodeInMain(init.isTsNodeRegistered);
  startWorker(init, { isInline: false, createRelay: (settings, deps) => new ProcessRelay(settings, deps) });
}

function isInit(message: unknown): message is WorkerInit {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'thread-system-init';
}

if (parentPort !== null) {
  const port = parentPort;
  // the pool posts it as it creates the thread, so it is there already
  const first: unknown = receiveMessageOnPort(port)?.message;
  if (isInit(first)) start(first);
  else {
    const onMessage = (message: unknown): void => {
      if (!isInit(message)) return;
      port.off('message', onMessage);
      start(message);
    };
    port.on('message', onMessage);
  }
}
