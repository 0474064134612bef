// Tasks that tell what they see of where their job was submitted.
import { AsyncLocalStorage } from 'node:async_hooks';
import { currentJob } from 'thread-system/worker';

export function seen() {
  return currentJob().context;
}

/** What is returned has lost it: a copy is not frozen. */
export function isFrozen() {
  return Object.isFrozen(currentJob().context);
}

export function seenFor(item) {
  return { item, trace: currentJob().context.trace };
}

/** What each of two attempts sees; the first fails. */
export function seenTwice() {
  const { attempt, context } = currentJob();
  if (attempt === 1) throw new Error('the first attempt');
  return { attempt, context };
}

const trace = new AsyncLocalStorage();

/** What a child and a grandchild see: without a context of their own, with one, and with an empty one. */
export async function seenByChildren(depth) {
  const job = currentJob();
  const bare = job.submit(seen);
  const own = trace.run({ id: 'own' }, () => job.submit(seen, [], { context: { trace } }));
  const empty = job.submit(seen, [], { context: { trace } });
  const grandchild =
    depth > 0
      ? trace.run({ id: 'outer' }, () => job.submit(seenByChildren, [depth - 1], { context: { trace } }))
      : undefined;
  return { bare: await bare, own: await own, empty: await empty, grandchild: await grandchild };
}

/** What is thrown for a context that is none, and for one that cannot be cloned. */
export function refusals() {
  const job = currentJob();
  const messageOf = (context) => {
    try {
      void job.submit(seen, [], { context });
      return 'none';
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  };
  return [messageOf({ trace: 'x' }), messageOf(null), trace.run({ fn: () => {} }, () => messageOf({ trace }))];
}

export async function childWithOptions(options) {
  try {
    return await currentJob().submit(seen, [], options);
  } catch (error) {
    return String(error);
  }
}
