// The tasks of the examples about workers. What this module keeps is each worker's own: it is loaded once in each.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { currentJob } from 'thread-system/worker';

let file: number | undefined;
let rates: Readonly<Record<string, number>> = {};

/** A setup: opens what all jobs of this worker use. */
export async function open(folder: string): Promise<void> {
  file = openSync(join(folder, `worker-${currentJob().workerId}.log`), 'a');
}

/** A job: finds it open. */
export function log(line: string): number {
  if (file === undefined) throw new Error('The setup has not run');
  return writeSync(file, `${line}\n`);
}

/** A teardown. */
export function close(): void {
  if (file !== undefined) closeSync(file);
}

/** A broadcast: from now on the jobs of this worker see these. */
export function useRates(given: Readonly<Record<string, number>>): number {
  rates = given;
  return Object.keys(rates).length;
}

export function convert(amount: number, currency: string): number {
  const rate = rates[currency];
  if (rate === undefined) throw new RangeError(`There is no rate for ${currency}`);
  return amount * rate;
}
