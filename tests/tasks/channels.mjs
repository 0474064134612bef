// Tasks that send and receive by channels.
import { Channel, currentJob } from 'thread-system/worker';

/** Sends numbers, blocking or not. Returns how many. */
export async function sendNumbers(channel, from, count, how = 'sync') {
  for (let i = from; i < from + count; i++) {
    if (how === 'sync') channel.sendSync(i);
    else await channel.send(i);
  }
  return count;
}

/** Receives until the channel is closed, in one of several ways. */
export async function receiveAll(channel, how = 'sync') {
  const all = [];
  if (how === 'sync') for (const value of channel.valuesSync()) all.push(value);
  else if (how === 'async') for await (const value of channel) all.push(value);
  else if (how === 'many') {
    for (;;) {
      const values = await channel.receiveMany(7);
      if (values === Channel.CLOSED) break;
      all.push(...values);
    }
  } else {
    for (;;) {
      const value = channel.tryReceive();
      if (value === Channel.CLOSED) break;
      if (value === Channel.EMPTY) await new Promise((resolve) => setImmediate(resolve));
      else all.push(value);
    }
  }
  return all;
}

/** Receives forever, and notes each value in shared memory before it asks for the next. */
export function receiveAndNote(channel, noted) {
  for (const value of channel.valuesSync()) Atomics.add(noted, value, 1);
}

/** Sends forever, and notes in shared memory how many were sent. */
export function sendAndCount(channel, from, sent) {
  for (let i = from; ; i++) {
    channel.sendSync(i);
    Atomics.store(sent, 0, i + 1);
  }
}

export function echoBack(channel, back) {
  for (const value of channel.valuesSync()) back.sendSync(value);
  back.close();
}

export function sendOnMain(channel) {
  return channel.sendSync(1);
}

export function receiveBlocked(channel, words, options) {
  Atomics.store(words, 0, 1);
  const value = channel.receiveSync(options);
  return value === Channel.EMPTY ? 'empty' : value === Channel.CLOSED ? 'closed' : value;
}

export function sendBlocked(channel, words, value, options) {
  Atomics.store(words, 0, 1);
  return channel.sendSync(value, options);
}

export async function echoAll(channel, back) {
  for await (const value of channel) await back.send(value);
  back.close();
}

/** Waits for a value until its job is cancelled. */
export async function receiveOne(channel) {
  return await channel.receive({ token: currentJob().token });
}

/** Waits for room until its job is cancelled. */
export async function sendOne(channel, value) {
  return await channel.send(value, { token: currentJob().token });
}

/** Dies with a value that it has received. */
export async function die(channel) {
  await channel.receive();
  process.exit(3);
}

export function makeChannel() {
  const channel = new Channel();
  channel.trySend('from a task');
  channel.close();
  return channel;
}

export function reportChannel() {
  currentJob().report(new Channel());
  return 'goes on';
}
