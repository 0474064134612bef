import type { Redis } from 'ioredis';
import { startTimer } from '../../base/timer.js';
import { positionOf } from '../codec/job-id.js';
import { type Request, readRequest } from '../codec/notices.js';

/** How long a request is kept for a job that is not here yet, in ms: the job may be on its way. */
const KEPT_MS = 60_000;

/** What requests are passed on to. */
export interface RequestReceiver {
  /** Handles a request. Returns false if its job is not here. */
  readonly handle: (request: Request) => boolean;
  /** The subscription has been restored after an interruption. */
  readonly onResubscribed: () => void;
}

/** Requests of submitters about running jobs, which every host of the queue gets. */
export class RequestChannel {
  readonly #redis: Redis;
  readonly #channel: string;
  readonly #kept = new Map<string, Request[]>();
  /** Whether the channel was subscribed to before. */
  #wasSubscribed = false;

  constructor(redis: Redis, channel: string) {
    this.#redis = redis;
    this.#channel = channel;
  }

  /** Connects the receiver, which is made after this. Called before `subscribe`. */
  reportTo({ handle, onResubscribed }: RequestReceiver): void {
    this.#redis.on('message', (_channel: string, text: string) => {
      const request = readRequest(text);
      if (request !== undefined && !handle(request)) this.#keep(request);
    });
    this.#redis.on('ready', () => {
      if (this.#wasSubscribed) onResubscribed();
    });
  }

  async subscribe(): Promise<void> {
    await this.#redis.subscribe(this.#channel);
    this.#wasSubscribed = true;
  }

  /** Returns the requests for a job, or for the members of a batch, that arrived before the job did. */
  takeKept(id: string): readonly Request[] {
    if (this.#kept.size === 0) return [];
    const found: Request[] = [];
    for (const [keptId, requests] of [...this.#kept]) {
      if (keptId !== id && positionOf(keptId)?.batchId !== id) continue;
      found.push(...requests);
      this.#kept.delete(keptId);
    }
    return found;
  }

  #keep(request: Request): void {
    const kept = this.#kept.get(request.id);
    if (kept !== undefined) {
      kept.push(request);
      return;
    }
    const list = [request];
    this.#kept.set(request.id, list);
    const forget = (): void => {
      if (this.#kept.get(request.id) === list) this.#kept.delete(request.id);
    };
    startTimer(KEPT_MS, forget, { keepsProcess: false });
  }
}
