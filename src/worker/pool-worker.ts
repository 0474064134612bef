// The entry of every worker. Bundled into one file that imports node: builtins only, so that its text can be embedded.
import { MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { GREETING, VERSION } from '../base/version.js';
import type { WorkerInit } from '../wire/message/protocol.js';
import { startWorker } from './engine.js';
import { ProcessRelay } from './relay/process-relay.js';
import { setTsNodeInMain } from './tasks/typescript-loader.js';

function start(init: WorkerInit): void {
  setTsNodeInMain(init.isTsNodeRegistered);
  startWorker(init, { isInline: false, createRelay: (...given) => new ProcessRelay(...given) });
}

/** @throws {Error} if the message is one from a pool of another version, whose thread this is. */
function isInit(message: unknown): message is WorkerInit {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return false;
  const { kind } = message;
  if (kind === GREETING) return true;
  const [name, version] = typeof kind === 'string' ? kind.split('@') : [];
  if (name !== GREETING.split('@')[0] || version === undefined) return false;
  throw new Error(
    `The file of this worker imports thread-system ${VERSION}, and its pool is of thread-system ${version}; import the entry of the pool's version`,
  );
}

if (parentPort !== null) {
  const port = parentPort;
  // the pool posts it as it creates the thread, so it is there already; but Deno's parentPort is no MessagePort
  const first: unknown = port instanceof MessagePort ? receiveMessageOnPort(port)?.message : undefined;
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
