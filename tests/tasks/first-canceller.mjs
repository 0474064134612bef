import { CancellationToken } from 'thread-system/worker';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Looks once the gate is open and all are cancelled: the reason of a token that follows them, three times. */
export async function reasonOfAny(tokens, words) {
  const any = CancellationToken.any(tokens);
  while (Atomics.load(words, 0) === 0) await turn();
  while (!tokens.every((token) => token.isCancelled && token.reason !== undefined)) await turn();
  const [reason] = [any.reason];
  await turn();
  return [reason, any.reason, CancellationToken.any(...tokens.toReversed()).reason];
}
