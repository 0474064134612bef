// The entry of every child process. Bundled into one file that imports node: builtins only, as the worker's entry is; apart
// from it, so that no thread reads what only a process needs.
import { fromBytes } from './process-bytes.js';
import { leaveSignalsToParent, ProcessHost } from './process-host.js';
import type { ProcessInit } from './process-protocol.js';

leaveSignalsToParent(); // first: one that comes while this process starts is not for it either
process.once('message', (bytes) => ProcessHost.start(fromBytes(bytes as Uint8Array) as ProcessInit));
