export const noop = (x) => x;
