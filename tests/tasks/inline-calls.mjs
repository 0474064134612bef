// Calls functions that come as text: what a pool that takes no inline functions is given in their place by its tests.

const functionOf = (text) => new Function(`return (${text});`)();

export function callText(text, ...args) {
  return functionOf(text).apply(this, args);
}

/** As a task of a map: the item comes first. */
export function callTextWith(item, text, ...args) {
  return functionOf(text).call(this, item, ...args);
}
