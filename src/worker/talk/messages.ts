import { CancelledError, cancelledMessage } from '../../errors.js';
import type { JobContext } from '../job-context.js';
import type { Inbox } from './inbox.js';

/**
 * Iterates over the messages of a job as they come. Throws a `CancelledError` when the job is cancelled, as no other end comes.
 */
export async function* iterateMessages(job: JobContext, inbox: Inbox): AsyncGenerator<unknown, void, undefined> {
  for (;;) {
    job.throwIfCancelled();
    if (inbox.isEmpty) await nextMessage(job, inbox);
    else yield inbox.take();
  }
}

/** Resolves when a message has come, unless another reader takes it first. */
function nextMessage(job: JobContext, inbox: Inbox): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopWaiting = inbox.await(() => {
      stopListening();
      resolve();
    });
    const stopListening = job.token.onCancel((reason) => {
      stopWaiting();
      reject(new CancelledError(cancelledMessage(`Job '${job.name}' was cancelled`, reason), { reason }));
    });
  });
}
