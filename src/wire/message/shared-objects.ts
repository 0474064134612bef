// Objects over shared memory, which a worker needs only once a job receives one or reads its own token.
import { checkInstance } from '../../base/check/values.js';
import { CancellationToken, tokenFollowing } from '../../sync/cancellation-token.js';
import type { Flag } from '../../sync/sharing/flag.js';

export { revive } from '../../sync/revive.js';

/** Returns a token that follows the flag of a job. */
export function tokenOf(flag: Flag): CancellationToken {
  return tokenFollowing(flag);
}

/** @throws {TypeError} if the option `token` of a child is not a token. */
export function checkToken(value: unknown, action: string): CancellationToken {
  return checkInstance(value, CancellationToken, 'token', action);
}
