/** When it became certain that nobody looks any more. */
export type LastMoment = 'collected' | 'exit';

interface Watched {
  readonly tell: (when: LastMoment) => void;
}

/** They do not hold what they watch. */
const watched = new Set<Watched>();
const gone = new FinalizationRegistry<Watched>((each) => {
  if (forget(each)) each.tell('collected');
});

/**
 * Watches something that has failed, and that nobody has looked at: only once nobody can any more is that a fault to be told.
 * Calls `tell` when `failed` has been collected by the garbage collector, or the process ends.
 *
 * @param tell must not hold `failed`.
 * @returns a function that ends the watch: somebody has looked.
 */
export function watchUnobserved(failed: object, tell: (when: LastMoment) => void): () => void {
  const each: Watched = { tell };
  if (watched.size === 0) process.on('exit', tellAll);
  watched.add(each);
  gone.register(failed, each, each);
  return () => {
    if (forget(each)) gone.unregister(each);
  };
}

function forget(each: Watched): boolean {
  if (!watched.delete(each)) return false;
  if (watched.size === 0) process.off('exit', tellAll);
  return true;
}

function tellAll(): void {
  const all = [...watched];
  watched.clear();
  for (const { tell } of all) tell('exit');
}
