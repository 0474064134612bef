import type { ProfileStep, ThreadProfile } from '../contract/thread-profile.js';
import { ThreadProfilers } from '../host/profiler.js';

/** Profiles the thread that runs the jobs of a child process, one step after the other. */
export class ProcessProfiler {
  readonly #threadId: () => number;
  readonly #done: (profile: ThreadProfile | undefined) => void;
  #profilers: ThreadProfilers | undefined;
  #last = Promise.resolve();

  /** @param done called after each step, with the profile if it was the last. */
  constructor(threadId: () => number, done: (profile: ThreadProfile | undefined) => void) {
    this.#threadId = threadId;
    this.#done = done;
  }

  do(step: ProfileStep): void {
    this.#last = this.#last.then(() => this.#doNow(step));
  }

  async #doNow(step: ProfileStep): Promise<void> {
    const threadId = this.#threadId();
    let profile: ThreadProfile | undefined;
    try {
      this.#profilers ??= await ThreadProfilers.open();
      if (step === 'start') await this.#profilers.start(threadId);
      else profile = await this.#profilers.stop(threadId);
    } catch {
      // without the inspector there is no profile
    }
    if (step === 'stop') {
      this.#profilers?.close();
      this.#profilers = undefined;
    }
    this.#done(profile);
  }
}
