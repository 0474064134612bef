// The tasks of the examples about workers. Each worker loads this module once, and so has its own copy of its variables.
import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type CurrentJob, currentJob } from 'thread-system/worker';

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

/** A broadcast: from now on, the jobs of this worker use these rates. */
export function useRates(given: Readonly<Record<string, number>>): number {
  rates = given;
  return Object.keys(rates).length;
}

export function convert(amount: number, currency: string): number {
  const rate = rates[currency];
  if (rate === undefined) throw new RangeError(`There is no rate for ${currency}`);
  return amount * rate;
}

const leaked: Uint8Array[] = [];

/** A job that leaks: how much its worker has lost by now, in MB. */
export function leak(): number {
  leaked.push(new Uint8Array(1_000_000));
  return leaked.length;
}

const carts = new Map<string, string[]>();
const requests = new AsyncLocalStorage<string>();

/** An `around`: all code that a job calls can read the name of its request. */
export function inRequest(job: CurrentJob, next: () => unknown): unknown {
  return requests.run(job.name, next);
}

/** A job that needs what earlier jobs of the same customer have stored on the worker. */
export function addToCart(customer: string, item: string): string {
  const cart = carts.get(customer) ?? [];
  carts.set(customer, [...cart, item]);
  return `[${requests.getStore()}] ${customer}: ${[...cart, item].join(', ')}`;
}

const GREETINGS: Readonly<Record<string, string>> = { de: 'Guten Tag', en: 'Hello', fr: 'Bonjour' };
let language = 'en';

/** A job that changes what all code of its thread sees, and relies on it after an `await`. */
export async function greet(given: string): Promise<string | undefined> {
  language = given;
  await new Promise((resolve) => setTimeout(resolve, 1));
  return GREETINGS[language];
}
