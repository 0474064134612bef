import { reviveBarrier } from './barrier.js';
import { reviveToken } from './cancellation-token.js';
import { reviveChannel } from './channel/channel.js';
import { reviveCondition } from './condition.js';
import { reviveLatch } from './latch.js';
import { reviveMutex } from './mutex.js';
import { reviveSemaphore } from './semaphore.js';
import type { CrossingHandle, CrossingType } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { reviveSignal } from './signal.js';
import { reviveTill } from './till.js';

type Reviver = (handle: CrossingHandle, peer: Peer) => object;

const REVIVERS: Readonly<Record<CrossingType, Reviver>> = {
  token: reviveToken,
  signal: (handle, peer) => reviveSignal(handle, peer, (operand) => revive(operand, peer)),
  till: reviveTill,
  semaphore: reviveSemaphore,
  mutex: reviveMutex,
  condition: reviveCondition,
  latch: reviveLatch,
  barrier: reviveBarrier,
  channel: reviveChannel,
};

/** Returns this thread's copy of the object whose `handle` arrived over `peer`. */
export function revive(handle: CrossingHandle, peer: Peer): object {
  return REVIVERS[handle.type](handle, peer);
}
