// What the jobs do. Every function takes one argument, as piscina, tinypool and poolifier pass one.

export const noop = (x) => x;

export const pathLength = (path) => path.length;

export const recordSum = (record) => record.id + record.tags.length + record.owner.name.length + record.scores[3];

export function factorial(n) {
  let product = 1n;
  for (let i = 2n; i <= n; i++) product *= i;
  return product;
}

/** Marks the bytes, so that a result shows that the task had them, and gives them back as they came. */
export function stamp(bytes) {
  bytes[1] = bytes[0] ^ 0xff;
  return bytes;
}

/** A fixed amount of work: so many turns of a linear congruential generator. */
export function spin(turns) {
  let x = 1;
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}
