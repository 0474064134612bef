// The entry of every child process. Bundled into one file that imports node: builtins only, as the worker's entry is; apart
// from it, so that no thread reads what only a process needs.
import { fromBytes } from '../wire/process/process-bytes.js';
import type { ProcessInit } from '../wire/process/process-protocol.js';
import { leaveSignalsToParent, ProcessHost } from './process-host.js';

leaveSignalsToParent(); // first: one that comes while this process starts is not for it either
process.once('message', (bytes) => ProcessHost.start(fromBytes(bytes as Uint8Array) as ProcessInit));
