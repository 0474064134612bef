const turns: (() => void)[] = [];

/** Calls functions that may lead to further calls of this one after the other, however long the chain. */
export function trampoline(fn: () => void): void {
  if (turns.push(fn) > 1) return;
  try {
    for (let done = 0; done < turns.length; done++) turns[done]?.();
  } finally {
    turns.length = 0;
  }
}
