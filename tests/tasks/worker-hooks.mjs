// What a worker has of its own: the state of this module.
import { appendFileSync } from 'node:fs';
import { currentJob } from 'thread-system/worker';

let state = 'none';

const note = (log, text) => log && appendFileSync(log, `${text}\n`);
const turns = async (count) => {
  for (; count > 0; count--) await new Promise((resolve) => setImmediate(resolve));
};

/** A setup that takes some time. */
export async function open(log, name) {
  state = 'half open';
  await turns(20);
  state = name;
  note(log, `open ${name}`);
  globalThis.openedBy = currentJob().workerId;
}

export const opened = () => [state, globalThis.openedBy];

/** A broadcast. */
export function add(text, log) {
  state += text;
  note(log, `add ${text}`);
  return state;
}

export async function addLater(text, log) {
  await turns(20);
  return add(text, log);
}

/** A teardown: has no arguments. */
export async function close() {
  await turns(20);
  note(process.env.UPKEEP_LOG, `close ${state}`);
}

export function fail() {
  throw Object.assign(new RangeError('no such database'), { code: 'E_OPEN', cause: new TypeError('inner') });
}

export const never = () => new Promise(() => {});

/** Never ends by itself: an error that nobody catches does it. */
export const failUncaught = () =>
  new Promise(() => {
    setTimeout(() => {
      throw new Error('from a timer');
    }, 1);
  });

export const exit = (code) => process.exit(code);
