import { stays } from './sharing/crossing.js';
import { Uncloneable } from './uncloneable.js';

/** Holds a lock or a permit until `release` or the end of a `using` block. Stays on its thread. */
export class Lease extends Uncloneable implements Disposable {
  #giveBack: (() => void) | undefined;

  /** @internal */
  constructor(giveBack: () => void) {
    super();
    this.#giveBack = giveBack;
  }

  static {
    stays(Lease, 'Lease', (value) =>
      #giveBack in value
        ? 'a lease, which its thread holds; pass the mutex or the semaphore, to be locked there'
        : undefined,
    );
  }

  /** Whether the lease was released: it holds nothing any more. */
  get isReleased(): boolean {
    return this.#giveBack === undefined;
  }

  /** Releases the lock or permit. Further calls do nothing. */
  release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
