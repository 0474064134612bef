// The entry of every child process. Bundled like the worker's entry into one file that imports only node: builtins, but
// separately, so that no thread loads what only a process needs.
import { fromBytes } from '../wire/process/process-bytes.js';
import type { ProcessInit } from '../wire/process/process-protocol.js';
import { leaveSignalsToParent, ProcessHost } from './process-host.js';

leaveSignalsToParent(); // first: a signal that comes while this process starts is not for it either
process.once('message', (bytes) => ProcessHost.start(fromBytes(bytes as Uint8Array) as ProcessInit));
