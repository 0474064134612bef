import { stays } from './sharing/crossing.js';
import { Uncloneable } from './uncloneable.js';

/** What is held until it is released: once, by `release` or at the end of a `using` block. It cannot cross to another thread. */
export class Lease extends Uncloneable implements Disposable {
  #giveBack: (() => void) | undefined;

  /** @internal */
  constructor(giveBack: () => void) {
    super();
    this.#giveBack = giveBack;
  }

  static {
    stays((value) =>
      #giveBack in value
        ? 'a lease, which its thread holds; pass the mutex or the semaphore, to be locked there'
        : undefined,
    );
  }

  get isReleased(): boolean {
    return this.#giveBack === undefined;
  }

  /** Releases. A second call does nothing (I6). */
  release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
