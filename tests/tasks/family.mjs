// Tasks that submit tasks.
import { taskModule } from 'thread-system';
import { currentJob } from 'thread-system/worker';

const basic = taskModule(new URL('./basic.mjs', import.meta.url));

export async function fibonacci(n) {
  const job = currentJob();
  if (n < 2) return n;
  const [a, b] = [job.submit(fibonacci, [n - 1]), job.submit(fibonacci, [n - 2])];
  return (await a) + (await b);
}

export async function sort(numbers) {
  const job = currentJob();
  if (numbers.length < 5) return numbers.toSorted((a, b) => a - b);
  const middle = numbers.length >> 1;
  const halves = [numbers.slice(0, middle), numbers.slice(middle)];
  const [low, high] = await Promise.all(halves.map((half) => job.submit(sort, [half])));
  const merged = [];
  for (let i = 0, j = 0; merged.length < numbers.length; )
    merged.push(j === high.length || low[i] <= high[j] ? low[i++] : high[j++]);
  return merged;
}

/** A chain of children, each awaiting the next. */
export async function dig(depth) {
  const job = currentJob();
  return depth === 0 ? 0 : 1 + (await job.submit(dig, [depth - 1]));
}

/** Submits, awaits and returns what became of it. */
export async function outcomeOf(name, args, options) {
  const child = currentJob().submit(basic[name], args, options);
  try {
    return { name: child.name, value: await child };
  } catch (error) {
    return { name: child.name, error: String(error), code: error.code };
  }
}

/** What submit throws. */
export function refusalOf(task, args, options) {
  try {
    void currentJob().submit(task, args, options);
    return 'none';
  } catch (error) {
    return String(error);
  }
}

export function refusalOfFunction(options) {
  return refusalOf(() => () => {}, [() => {}], options);
}

/** Submits children that hold at a gate and waits for none. */
export function leave(count, words) {
  const job = currentJob();
  for (let i = 0; i < count; i++) void job.submit(basic.holdAsync, [words]);
  return 'left';
}

/** The same, and awaits them. */
export async function stay(count, words) {
  const job = currentJob();
  await Promise.all(Array.from({ length: count }, () => job.submit(basic.holdAsync, [words])));
  return 'stayed';
}

export function leaveAndFail(words) {
  const job = currentJob();
  void job.submit(basic.holdAsync, [words]);
  throw new RangeError('parent failed');
}

/** Ends its thread once its child runs: it blocks, so that this is on another one. */
export function leaveAndExit(words) {
  void currentJob().submit(listen, [words]);
  while (Atomics.load(words, 1) === 0);
  process.exit(7);
}

export function leaveFailing() {
  void currentJob().submit(basic.fail, ['nobody looks']);
  return 'fine';
}

/** Runs until it is cancelled. */
export async function listen(words) {
  const { token } = currentJob();
  Atomics.add(words, 1, 1);
  await token.wait();
  return 'heard';
}

/** Awaits a child that runs until it is cancelled. */
export async function attend(words) {
  return await currentJob().submit(listen, [words]);
}

/** Cancels its child, and tells how that ended. */
export async function cancelOwn(words) {
  const child = currentJob().submit(listen, [words]);
  while (Atomics.load(words, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  child.cancel('enough');
  return await child.then(
    () => 'done',
    (error) => ({ code: error.code, reason: error.reason }),
  );
}

/** A child that is given a token, which its parent cancels. */
export async function passToken(token, words) {
  const child = currentJob().submit(basic.spinUntilToken, [token]);
  Atomics.add(words, 1, 1);
  return child;
}

export async function keepSubmitting() {
  const job = currentJob();
  const first = await job.submit(basic.add, [1, 2]);
  const second = await job.submit((x) => x * 2, [first]);
  return [
    first,
    second,
    await job.submit(async function named() {
      return this.name;
    }),
  ];
}

export async function endings() {
  const job = currentJob();
  const caught = await job.submit(basic.fail, ['no']).catch((error) => error.message);
  const seen = [];
  await job.submit(basic.echo, [1]).finally(() => seen.push('finally'));
  return { caught, seen };
}

export async function priorities() {
  const job = currentJob();
  const own = await job.submit(basic.aboutMe);
  const other = await job.submit(basic.aboutMe, [], { priority: 1, name: 'other' });
  return [own, other].map(({ name, priority }) => ({ name, priority }));
}

let kept;
export function keep() {
  kept = currentJob();
}
export function submitByKept() {
  try {
    kept.submit(basic.add, [1, 2]);
    return 'submitted';
  } catch (error) {
    return String(error);
  }
}
