/** Registers a resource that was just made, with the function that releases it. Returns the resource. */
export type Own = <R>(resource: R, giveBack: (resource: R) => void) => R;

/**
 * Makes something out of several resources that must not outlive a failure, such as threads, ports, listeners. If
 * `make` throws, the resources it registered are released, the last first, and the error is rethrown. If `make`
 * returns, its result owns them.
 */
export function acquire<T>(make: (own: Own) => T): T {
  const owned: (() => void)[] = [];
  try {
    return make((resource, giveBack) => {
      owned.push(() => giveBack(resource));
      return resource;
    });
  } catch (error) {
    for (const giveBack of owned.reverse()) {
      try {
        giveBack();
      } catch {
        // ignored: the first error is the one to report
      }
    }
    throw error;
  }
}
