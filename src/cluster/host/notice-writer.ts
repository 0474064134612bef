import type { Redis } from 'ioredis';
import { setImmediate } from '../../base/clock.js';
import type { Notice } from '../codec/notices.js';
import type { QueueKeys } from '../redis/keys.js';

/** About how many entries a stream may have if its reader has died. */
const MAX_ENTRIES = 100_000;
/** How long a stream outlives its last entry, in seconds, unless its reader says otherwise. */
const TTL_SECONDS = 7_200;

/** Writes notices: one entry for each submitter and turn of the event loop, with all notices of the turn. */
export class NoticeWriter {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  #pending = new Map<string, Notice[]>();
  #writing: Promise<unknown> = Promise.resolve();

  constructor(redis: Redis, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  write(submitter: string, notice: Notice): void {
    const notices = this.#pending.get(submitter);
    if (notices !== undefined) {
      notices.push(notice);
      return;
    }
    this.#pending.set(submitter, [notice]);
    if (this.#pending.size === 1) setImmediate(() => void this.flush());
  }

  /** Resolves once all notices are written, or cannot be: submitters then find the outcomes in the jobs' records. */
  async flush(): Promise<void> {
    const pending = this.#pending;
    this.#pending = new Map();
    if (pending.size > 0) {
      const pipeline = this.#redis.pipeline();
      for (const [submitter, notices] of pending) {
        const key = this.#keys.results(submitter);
        pipeline.xadd(key, 'MAXLEN', '~', MAX_ENTRIES, '*', 'm', JSON.stringify(notices));
        pipeline.expire(key, TTL_SECONDS);
      }
      this.#writing = pipeline.exec().catch(() => {});
    }
    await this.#writing;
  }
}
