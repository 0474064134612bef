// What the jobs do. Every function takes one argument, as piscina, tinypool and poolifier pass one.

export const noop = (x) => x;

export const pathLength = (path) => path.length;

export const recordSum = (record) => record.id + record.tags.length + record.owner.name.length + record.scores[3];

/** Gives the record back with its first score doubled: the same shape, both ways. */
export function rescore(record) {
  record.scores[0] *= 2;
  return record;
}

/** Rows as a query of a database gives them: 1,100 of them are 100 KB of JSON. */
export const rowsOf = (count) =>
  Array.from({ length: count }, (_, index) => ({
    id: index,
    customer: `customer-${index % 97}`,
    amount: index * 1.25,
    paid: index % 3 === 0,
    note: index % 5 === 0 ? null : `order ${index} of the list`,
  }));

export const totalOf = (rows) => rows.reduce((total, { amount }) => total + amount, 0);

/** The same rows, each with its tax. */
export const withTax = (rows) => rows.map((row) => ({ ...row, tax: row.amount * 0.2 }));

export const bytesSum = (bytes) => bytes[0] + bytes[bytes.length - 1];

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
