/** Enters something that was just made, with what gives it back. Returns it. */
export type Own = <R>(resource: R, giveBack: (resource: R) => void) => R;

/**
 * Makes something out of several things that must not outlive a failure: threads, ports, listeners. Where `make` throws,
 * what it has entered is given back, the last first, and the error goes on. Where it returns, nothing is: its result owns
 * them.
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
        // it is no better than what has failed before: that is told
      }
    }
    throw error;
  }
}
