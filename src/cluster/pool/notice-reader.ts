import type { Redis } from 'ioredis';
import { startTimer } from '../../base/timer.js';
import { type Notice, readNotices } from '../codec/notices.js';

/** How many entries are read at once. */
const AT_ONCE = 200;
/** How long one read waits for an entry, in ms. */
const BLOCK_MS = 5_000;
/** How long to wait, in ms, after a read that failed. */
const RETRY_MS = 100;

export interface NoticeReaderDeps {
  /** A connection of its own, as a read blocks it. */
  readonly blocking: Redis;
  /** The connection for commands. */
  readonly redis: Redis;
  readonly key: string;
  /** How long the stream outlives its reader, in seconds. */
  readonly ttlSeconds: number;
  readonly handle: (notice: Notice) => void;
}

/**
 * Reads the notices of hosts to a submitter, and removes from the stream what it has read. Keeps its position over reconnects.
 */
export class NoticeReader {
  readonly #deps: NoticeReaderDeps;
  #isOpen = true;
  /** Id of the last entry read. */
  #last = '0';

  constructor(deps: NoticeReaderDeps) {
    this.#deps = deps;
    void this.#read();
  }

  stop(): void {
    this.#isOpen = false;
  }

  async #read(): Promise<void> {
    const { blocking, key, handle } = this.#deps;
    while (this.#isOpen) {
      try {
        const reply = await blocking.xread('COUNT', AT_ONCE, 'BLOCK', BLOCK_MS, 'STREAMS', key, this.#last);
        const entries = reply?.[0]?.[1] ?? [];
        for (const [id, fields] of entries) {
          this.#last = id;
          for (const notice of readNotices(fields[1] ?? '')) handle(notice);
        }
        if (entries.length > 0) this.#trim();
      } catch {
        // cut off, or closed: what comes meanwhile is in the stream
        await new Promise<void>((resolve) => startTimer(RETRY_MS, resolve, { keepsProcess: false }));
      }
    }
  }

  #trim(): void {
    const { redis, key, ttlSeconds } = this.#deps;
    redis
      .pipeline()
      .xtrim(key, 'MINID', this.#last)
      .expire(key, ttlSeconds)
      .exec()
      .catch(() => {});
  }
}
