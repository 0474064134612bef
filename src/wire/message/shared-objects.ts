// The objects over shared memory, as a worker needs them: only once a job has been given one, or asks for its token.
import { type CancellationToken, tokenFollowing } from '../../sync/cancellation-token.js';
import type { Flag } from '../../sync/sharing/flag.js';

export { arrive } from '../../sync/revive.js';

/** A token that follows the flag of a job. */
export function tokenOf(flag: Flag): CancellationToken {
  return tokenFollowing(flag);
}
