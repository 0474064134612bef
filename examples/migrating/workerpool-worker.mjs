// Scripts for workerpool import this instead of it, to register their methods, which run in the threads of workerpool.ts.
import { currentJob, move } from 'thread-system/worker';

/** By name. @type {Map<string, Function>} */
const methods = new Map();

/** @param {Record<string, Function>} given */
export function worker(given) {
  for (const [name, method] of Object.entries(given)) methods.set(name, method);
}

/** @param {unknown} payload what the listener `on` of the call receives. */
export function workerEmit(payload) {
  currentJob().report(payload);
}

export class Transfer {
  /**
   * @param {unknown} message
   * @param {import('node:worker_threads').TransferListItem[]} transfer
   */
  constructor(message, transfer) {
    this.message = message;
    this.transfer = transfer;
  }
}

// biome-ignore lint/style/noDefaultExport: as workerpool has it
export default { worker, workerEmit, Transfer };

/**
 * A task: calls a method of a script.
 *
 * @param {string} script
 * @param {string} name
 * @param {unknown[]} params
 */
export async function call(script, name, params) {
  const { token } = currentJob(); // before the first await
  await import(script);
  const method = methods.get(name);
  if (method === undefined) throw new Error(`Unknown method "${name}"`);
  method.worker = { emit: workerEmit, addAbortListener: (listener) => token.onCancel(listener) };
  const result = await method.apply(method, params);
  return result instanceof Transfer ? move(result.message, result.transfer) : result;
}

/**
 * A task: the methods of a script.
 *
 * @param {string} script
 */
export async function methodsOf(script) {
  await import(script);
  return [...methods.keys()];
}
