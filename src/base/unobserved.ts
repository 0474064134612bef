/** When it became certain that nobody will look. */
export type LastMoment = 'collected' | 'exit';

interface Watched {
  readonly tell: (when: LastMoment) => void;
}

/** The current watches, which do not reference what they watch. */
const watched = new Set<Watched>();
const gone = new FinalizationRegistry<Watched>((each) => {
  if (forget(each)) each.tell('collected');
});

/**
 * Watches an object that has failed and that nobody has looked at. Calls `tell` when nobody can any more: when the
 * object is collected by the garbage collector, or the process exits.
 *
 * @param tell must not reference `failed`.
 * @returns a function that ends the watch, to be called when somebody looks.
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
