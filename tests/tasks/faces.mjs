import { currentJob } from 'thread-system/worker';

const AT_ALL = new Set(['constructor', 'length', 'name', 'prototype']);

/** Whether its class is none of the library's but the platform's, or an error's. */
function isForeign(object) {
  const { constructor: made } = object;
  return made === undefined || globalThis[made.name] === made || made.name === '' || object instanceof Error;
}

/** All names by which something of an object is reached, besides those that every object has; symbols are not names. */
function namesOf(object) {
  const names = new Set();
  for (let at = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const key of Reflect.ownKeys(at)) if (typeof key === 'string') names.add(key);
  names.delete('constructor');
  return [...names].sort();
}

/**
 * The faces of `objects`, and of all objects of the library's that can be reached from them by reading: by the name of
 * their class, what can be reached of it, what `Object.keys` shows, and what the class itself has.
 */
export function facesOf(objects) {
  const faces = {};
  const seen = new Set();
  const look = (object) => {
    if (typeof object !== 'object' || object === null || seen.has(object)) return;
    seen.add(object);
    if (Array.isArray(object)) object.forEach(look);
    if (isForeign(object)) return;
    const names = namesOf(object);
    const statics = [];
    for (let at = object.constructor; at !== Function.prototype && at !== WeakRef; at = Object.getPrototypeOf(at))
      for (const key of Reflect.ownKeys(at)) if (typeof key === 'string' && !AT_ALL.has(key)) statics.push(key);
    const { name } = object.constructor;
    faces[name] ??= { names: new Set(), keys: new Set(), statics: new Set() };
    const face = faces[name];
    for (const each of names) face.names.add(each);
    for (const key of Object.keys(object)) face.keys.add(key);
    for (const key of statics) face.statics.add(key);
    for (const each of names) look(object[each]);
  };
  look(objects);
  const lists = ({ names, keys, statics }) => ({
    names: [...names].sort().join(' '),
    keys: [...keys].sort().join(' '),
    statics: [...statics].sort().join(' '),
  });
  return Object.fromEntries(Object.entries(faces).map(([name, face]) => [name, lists(face)]));
}

/** The faces of what a task holds, and how they are printed. */
export async function facesHere(...shared) {
  const job = currentJob();
  const child = job.submit(one, []);
  const faces = facesOf([this, job, child, ...shared]);
  const text = JSON.stringify({ job, child, shared });
  await child;
  return { faces, isThis: this === job, text };
}

export function one() {
  return 1;
}

/** Calls whatever it may, as a program that misnames a call does. What is left of the job is well. */
export async function misname() {
  const job = currentJob();
  const child = job.submit(one, []);
  for (const name of ['close', 'cancelled', 'raiseToken', 'settle', 'heard', 'link', 'tell', 'happened'])
    for (const object of [job, child, job.token]) if (typeof object[name] === 'function') return `${name} is reached`;
  for (const [name, value] of [
    ['openChildren', 99],
    ['seq', 7],
    ['isOpen', false],
    ['isAnnounced', true],
  ])
    job[name] = value;
  try {
    job.id = -1;
    return 'id is written';
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  job.throwIfCancelled();
  return await child;
}
