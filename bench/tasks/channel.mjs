export function send(channel, count) {
  for (let i = 0; i < count; i++) channel.sendSync(i);
  channel.close();
}

/** Returns the sum, and how long it took from the first value to the last, in ms. */
export function receive(channel) {
  let sum = channel.receiveSync();
  const start = performance.now();
  for (const value of channel.valuesSync()) sum += value;
  return { sum, ms: performance.now() - start };
}
