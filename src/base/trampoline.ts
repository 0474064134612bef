const turns: (() => void)[] = [];

/** Calls functions that may call this again one after another, not nested, however long the chain. */
export function trampoline(fn: () => void): void {
  if (turns.push(fn) > 1) return;
  try {
    for (let done = 0; done < turns.length; done++) turns[done]?.();
  } finally {
    turns.length = 0;
  }
}
