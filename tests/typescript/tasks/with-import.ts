import { fail as failThere } from './erasable.js';

interface Fault {
  readonly text: string;
}

export function fail(fault: Fault): never {
  return failThere(fault);
}
