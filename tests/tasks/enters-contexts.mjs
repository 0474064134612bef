import { AsyncLocalStorage } from 'node:async_hooks';

const storage = new AsyncLocalStorage();
const turn = () => new Promise((resolve) => setImmediate(resolve));
const seen = () => storage.getStore() ?? null;

export function enterSync(name) {
  storage.enterWith(name);
}

export async function enterAsync(name) {
  storage.enterWith(name);
  await turn();
}

export async function enterLate(name) {
  await turn();
  storage.enterWith(name);
  await turn();
}

export function* enterInGenerator(name) {
  yield 1;
  storage.enterWith(name);
  yield 2;
}

export function enterAndThrow(name) {
  storage.enterWith(name);
  throw new Error('no');
}

export async function enterAndLook(name) {
  storage.enterWith(name);
  const all = [seen()];
  await turn();
  all.push(seen());
  await new Promise((resolve) => setTimeout(resolve, 1));
  all.push(seen());
  return all;
}

export function lookSync() {
  return seen();
}

export async function lookAsync() {
  await turn();
  return seen();
}
