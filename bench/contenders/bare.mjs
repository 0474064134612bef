import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Opens two threads without any library: what the machine can do. Each runs half of the work, which it is told in one
 * message.
 *
 * @param {URL} file answers each message with one.
 */
export function openBareThreads(file) {
  const threads = [0, 1].map(() => new Worker(file));
  return {
    name: 'two bare threads',
    setting: 'half of the work each',
    /**
     * @param {readonly unknown[]} halves a message for each thread.
     * @param {readonly import('node:worker_threads').TransferListItem[][]} [transfers] what moves with each.
     * @returns {Promise<unknown[]>} their answers.
     */
    ask: (halves, transfers = []) =>
      Promise.all(
        threads.map(async (thread, index) => {
          const answer = once(thread, 'message'); // rejects when the thread fails
          thread.postMessage(halves[index], transfers[index]);
          return (await answer)[0];
        }),
      ),
    close: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
