// What tasks do with objects that threads share; their classes come from the worker's entry.
import * as entry from 'thread-system/worker';

const library = { ...entry };

export function classesOf(objects) {
  return objects.map((object) =>
    Object.keys(library).filter(
      (name) =>
        typeof library[name] === 'function' && library[name].prototype !== undefined && object instanceof library[name],
    ),
  );
}

export const areSame = (first, { list, map, set }) =>
  list[0] === first && map.get('it') === first && map.get(first) === 'key' && set.has(first);

export const isSameAsLast = (() => {
  let last;
  return (object) => {
    const isSame = object === last;
    last = object;
    return isSame;
  };
})();

export const back = (value) => ({ list: [value], map: new Map([['it', value]]), plain: value });

/** Calls a waiting method, and says what became of it and how long it took. */
export async function callWait(object, method, options) {
  const startMs = performance.now();
  const given = { ...options };
  if (options.cancelledToken) given.token = library.CancellationToken.timeout(0);
  delete given.cancelledToken;
  try {
    const got = await object[method](given);
    return { got: typeof got === 'object' && got !== null ? 'lease' : got, tookMs: performance.now() - startMs };
  } catch (error) {
    return { error: error.name, message: error.message, tookMs: performance.now() - startMs };
  }
}

export const made = (name, ...args) => new library[name](...args);

/** Stands in line at once, says so, and notes its number when it was served. */
export async function standAndNote(semaphore, words, log, value) {
  const acquired = semaphore.acquire();
  Atomics.add(words, 0, 1);
  const lease = await acquired;
  log[1 + Atomics.add(log, 0, 1)] = value;
  lease.release();
}

/** Waits under the lock, and notes its number when it is told. */
export async function waitAndNote(mutex, condition, words, log, value) {
  const lock = await mutex.lock();
  const told = condition.wait();
  Atomics.add(words, 0, 1);
  await told;
  log[1 + Atomics.add(log, 0, 1)] = value;
  lock.release();
}
