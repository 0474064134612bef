import { hasProperty } from '../base/bare.js';
import type { RemoteWorker } from '../host/remote-worker.js';
import { encodeForProcess } from '../wire/process/process-link.js';
import type { ToProcess } from '../wire/process/process-protocol.js';
import type { Call } from './call.js';
import type { PoolLink } from './pool-link.js';

/** Has the worker of this process run a hook, and reports its progress to the pool. */
export function runHook(
  worker: RemoteWorker<Call>,
  pool: PoolLink,
  { task, args, wantsResult }: Extract<ToProcess, { readonly kind: 'hook' }>,
): void {
  const threw = (error: unknown): void => pool.send({ kind: 'hook-threw', error: encodeForProcess(error) });
  const given = pool.tryUnpack(args, 'args');
  if ('error' in given) {
    threw(given.error);
    return;
  }
  worker.addHook({
    task: { origin: task },
    args: given.value as readonly unknown[],
    argsName: 'args',
    wantsResult,
    begun: () => pool.send({ kind: 'hook-begun' }),
    ended: (end) => {
      if (hasProperty(end, 'error')) {
        threw(end.error);
        return;
      }
      try {
        pool.send({ kind: 'hook-returned', value: pool.pack(end.value, 'result') });
      } catch (error) {
        threw(error);
      }
    },
    lost: () => {}, // this process ends
  });
}
