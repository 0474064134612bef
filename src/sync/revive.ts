import { barrierArrived } from './barrier.js';
import { tokenArrived } from './cancellation-token.js';
import { conditionArrived } from './condition.js';
import { latchArrived } from './latch.js';
import { mutexArrived } from './mutex.js';
import { semaphoreArrived } from './semaphore.js';
import type { CrossingHandle, CrossingType } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { signalArrived } from './signal.js';
import { tillArrived } from './till.js';

type SubmitTime = (handle: CrossingHandle, peer: Peer) => object;

const ARRIVALS: Readonly<Record<CrossingType, SubmitTime>> = {
  token: tokenArrived,
  signal: (handle, peer) => signalArrived(handle, peer, (operand) => arrive(operand, peer)),
  till: tillArrived,
  semaphore: semaphoreArrived,
  mutex: mutexArrived,
  condition: conditionArrived,
  latch: latchArrived,
  barrier: barrierArrived,
};

/** Returns this thread's copy of the object whose `handle` arrived over `peer`. */
export function arrive(handle: CrossingHandle, peer: Peer): object {
  return ARRIVALS[handle.type](handle, peer);
}
