import { barrierArrived } from './barrier.js';
import { tokenArrived } from './cancellation-token.js';
import { conditionArrived } from './condition.js';
import { latchArrived } from './latch.js';
import { mutexArrived } from './mutex.js';
import { semaphoreArrived } from './semaphore.js';
import type { CrossingHandle, CrossingType } from './sharing/crossing.js';
import type { Carrier } from './sharing/registry.js';
import { signalArrived } from './signal.js';
import { tillArrived } from './till.js';

type Arrival = (handle: CrossingHandle, carrier: Carrier) => object;

const ARRIVALS: Readonly<Record<CrossingType, Arrival>> = {
  token: tokenArrived,
  signal: (handle, carrier) => signalArrived(handle, carrier, (operand) => arrive(operand, carrier)),
  till: tillArrived,
  semaphore: semaphoreArrived,
  mutex: mutexArrived,
  condition: conditionArrived,
  latch: latchArrived,
  barrier: barrierArrived,
};

/** The object, on this thread, that `handle` came over `carrier` for. */
export function arrive(handle: CrossingHandle, carrier: Carrier): object {
  return ARRIVALS[handle.type](handle, carrier);
}
