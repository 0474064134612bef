import { Barrier } from './barrier.js';
import { CancellationToken } from './cancellation-token.js';
import { Condition } from './condition.js';
import type { CrossingHandle, CrossingType } from './crossing.js';
import type { Carrier } from './exchange.js';
import { Latch } from './latch.js';
import { Mutex } from './mutex.js';
import { Semaphore } from './semaphore.js';
import { Signal } from './signal.js';
import { Till } from './till.js';

type Arrival = (handle: CrossingHandle, carrier: Carrier) => object;

const ARRIVALS: Readonly<Record<CrossingType, Arrival>> = {
  token: (handle, carrier) => CancellationToken.arrived(handle, carrier),
  signal: (handle, carrier) => Signal.arrived(handle, carrier, (operand) => arrive(operand, carrier)),
  till: (handle, carrier) => Till.arrived(handle, carrier),
  semaphore: (handle, carrier) => Semaphore.arrived(handle, carrier),
  mutex: (handle, carrier) => Mutex.arrived(handle, carrier),
  condition: (handle, carrier) => Condition.arrived(handle, carrier),
  latch: (handle, carrier) => Latch.arrived(handle, carrier),
  barrier: (handle, carrier) => Barrier.arrived(handle, carrier),
};

/** The object, on this thread, that `handle` came over `carrier` for. */
export function arrive(handle: CrossingHandle, carrier: Carrier): object {
  return ARRIVALS[handle.type](handle, carrier);
}
