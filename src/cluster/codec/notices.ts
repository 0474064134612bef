import type { Elsewhere } from './job-data.js';
import { isForWaiting } from './marks.js';
import type { Encoded } from './value-codec.js';

/** How an attempt went: its number, how long the job had waited and the code ran (ms), the worker, the host. */
export type RunInfo = readonly [attempt: number, queuedMs: number, executionMs: number, workerId: number, host: string];

/** What a host reports to a submitter about one of its jobs. */
export type Notice =
  /** The code has been running for a while. */
  | readonly ['begun', string, RunInfo]
  | readonly ['progress', string, Encoded]
  | readonly ['completed', string, Encoded | Elsewhere, RunInfo]
  | readonly ['failed', string, Encoded, RunInfo]
  /** Cancelled; the last item is what the code returned although it was cancelled. */
  | readonly ['cancelled', string, Encoded, RunInfo, Encoded?]
  /** An attempt failed, and another follows after that many ms. */
  | readonly ['retried', string, Encoded, RunInfo, number]
  /** The host that ran it has died: the job waits again. The number of attempts begun so far. */
  | readonly ['recovered', string, number, string]
  /** The reply to a request: whether the job will settle CANCELLED, or has the priority. */
  | readonly ['replied', string, RequestKind, boolean];

/** A request to the hosts about a job that one of them has. */
export type Request =
  /** The mark is also in the job's record. It says whether a running job is left alone. */
  | { readonly kind: 'cancel'; readonly id: string; readonly mark: string }
  | { readonly kind: 'priority'; readonly id: string; readonly priority: number };

/** Which request a reply is for. The two kinds of cancel can have different replies. */
export type RequestKind = 'cancel' | 'cancelIfWaiting' | 'priority';

export function requestKindOf(request: Request): RequestKind {
  return request.kind === 'cancel' && isForWaiting(request.mark) ? 'cancelIfWaiting' : request.kind;
}

const KINDS = ['begun', 'progress', 'completed', 'failed', 'cancelled', 'retried', 'recovered', 'replied'];

/** Returns the notices in an entry of a result stream. Everything else is left out: others can write to Redis. */
export function readNotices(text: string): Notice[] {
  try {
    return checkNotices(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Like `readNotices`, for a parsed list. */
export function checkNotices(list: unknown): Notice[] {
  return Array.isArray(list) ? list.filter(isNotice) : [];
}

function isNotice(value: unknown): value is Notice {
  return Array.isArray(value) && KINDS.includes(value[0]) && typeof value[1] === 'string' && value.length > 2;
}

/** Returns a request that came over the channel; `undefined` for anything else. */
export function readRequest(text: string): Request | undefined {
  try {
    const request = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    if (typeof request?.['id'] !== 'string') return undefined;
    const isCancel = request['kind'] === 'cancel' && typeof request['mark'] === 'string';
    const isPriority = request['kind'] === 'priority' && typeof request['priority'] === 'number';
    return isCancel || isPriority ? (request as unknown as Request) : undefined;
  } catch {
    return undefined;
  }
}
