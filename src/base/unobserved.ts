/** When it became certain that nobody will observe an object. */
export type LastMoment = 'collected' | 'exit';

interface Watched {
  readonly report: (when: LastMoment) => void;
}

/** The current watches, which do not reference what they watch. */
const watched = new Set<Watched>();
const gone = new FinalizationRegistry<Watched>((each) => {
  if (forget(each)) each.report('collected');
});

/**
 * Watches an object that has failed and that nobody has observed. Calls `report` when nobody can any more: when the
 * object is collected by the garbage collector, or the process exits.
 *
 * @param report must not reference `failed`.
 * @returns a function that ends the watch, to be called when somebody observes the object.
 */
export function watchUnobserved(failed: object, report: (when: LastMoment) => void): () => void {
  const each: Watched = { report };
  if (watched.size === 0) process.on('exit', reportAll);
  watched.add(each);
  gone.register(failed, each, each);
  return () => {
    if (forget(each)) gone.unregister(each);
  };
}

function forget(each: Watched): boolean {
  if (!watched.delete(each)) return false;
  if (watched.size === 0) process.off('exit', reportAll);
  return true;
}

function reportAll(): void {
  const all = [...watched];
  watched.clear();
  for (const { report } of all) report('exit');
}
