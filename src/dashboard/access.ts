import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { emitWarning } from '../base/warn.js';
import { messageOf, stackIfAny } from '../errors.js';
import type { DashboardSettings } from './dashboard-options.js';

/** Whether a request is allowed: `401` if it lacks the token, `403` if `authorize` says no, `500` if that throws. */
export type Access = 'allowed' | 401 | 403 | 500;

/** Decides which requests are allowed. */
export class Gatekeeper {
  readonly #authorize: DashboardSettings['authorize'];
  /** Digest of the token: two digests are compared in the same time, whatever the lengths of what they were made of. */
  readonly #digest: Buffer | undefined;

  constructor({ token, authorize }: Pick<DashboardSettings, 'token' | 'authorize'>) {
    this.#authorize = authorize;
    this.#digest = token === undefined ? undefined : digestOf(token);
  }

  /** Whether access is restricted. */
  get isProtected(): boolean {
    return this.#digest !== undefined || this.#authorize !== undefined;
  }

  /** Whether the page must ask for a token. */
  get needsToken(): boolean {
    return this.#digest !== undefined;
  }

  async check(request: IncomingMessage): Promise<Access> {
    if (this.#digest !== undefined) return this.#hasToken(request, this.#digest) ? 'allowed' : 401;
    if (this.#authorize === undefined) return 'allowed';
    try {
      return (await this.#authorize(request)) === true ? 'allowed' : 403;
    } catch (error) {
      emitWarning(`authorize of a dashboard threw: ${messageOf(error)}`, {
        type: 'ThreadSystemWarning',
        detail: stackIfAny(error),
      });
      return 500;
    }
  }

  #hasToken({ headers }: IncomingMessage, digest: Buffer): boolean {
    const [, token] = /^bearer +(.+)$/i.exec(headers.authorization ?? '') ?? [];
    return token !== undefined && timingSafeEqual(digestOf(token), digest);
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Whether a request comes from a page of another site, or of another origin of the same site. Programs that are not browsers
 * send neither header.
 */
export function isForeignRequest({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin, host } = headers;
  return origin !== undefined && hostOf(origin) !== host?.toLowerCase();
}

function hostOf(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase();
}
