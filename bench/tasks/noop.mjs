// The task of a new pool's first job, as an ES module.
export const noop = (x) => x;
