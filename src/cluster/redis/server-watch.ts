import type { Redis } from 'ioredis';
import { clearInterval, setInterval } from '../../base/clock.js';
import { ClusterUnavailableError } from '../errors.js';
import type { Connections } from './connections.js';
import type { KnownHosts } from './known-hosts.js';
import { clockOffsetMs, examine } from './startup-checks.js';

/** How often the clocks are compared again, and the hosts read, in ms. */
const REFRESH_MS = 60_000;

export interface ServerWatchDeps {
  readonly redis: Redis;
  readonly connections: Connections;
  readonly hosts: KnownHosts;
  readonly warn: (message: string) => void;
}

/** The Redis server as it was last examined. Clocks drift, and hosts come and go, so both are read again from time to time. */
export class ServerWatch {
  readonly #deps: ServerWatchDeps;
  readonly #timer: NodeJS.Timeout;
  /** How far the server's clock is ahead of this one, in ms. */
  clockOffsetMs = 0;
  /** Why the server cannot be used, if so. */
  refusal: ClusterUnavailableError | undefined;

  constructor(deps: ServerWatchDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_MS).unref();
  }

  /** Examines the server, as after each connect: it may have been replaced by another. */
  async examine(): Promise<void> {
    const { redis, hosts, warn } = this.#deps;
    const findings = await examine(redis);
    this.clockOffsetMs = findings.clockOffsetMs;
    this.refusal = findings.refusal === undefined ? undefined : new ClusterUnavailableError(findings.refusal);
    for (const warning of findings.warnings) warn(warning);
    await hosts.refresh().catch(() => {});
  }

  async #refresh(): Promise<void> {
    const { redis, connections, hosts } = this.#deps;
    if (!connections.isConnected) return;
    this.clockOffsetMs = await clockOffsetMs(redis);
    await hosts.refresh().catch(() => {});
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
