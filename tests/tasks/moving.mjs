import { currentJob, move } from 'thread-system/worker';

const made = (size) => new Uint8Array(size).fill(7);

export function report(size) {
  const bytes = made(size);
  currentJob().report(move({ bytes }, [bytes.buffer]));
  return bytes.byteLength;
}

export function* yields(size) {
  const bytes = made(size);
  yield move(bytes, [bytes]);
  return bytes.byteLength;
}

export async function child(size) {
  const bytes = made(size);
  const sum = await currentJob().submit((given, times) => given.byteLength * times, [move(bytes, [bytes]), 2]);
  return [sum, bytes.byteLength];
}

export function many(size) {
  const reported = [];
  for (let i = 0; i < 3000; i++) {
    const bytes = made(size);
    currentJob().report(move(bytes, [bytes]));
    reported.push(bytes.byteLength);
  }
  return reported.every((length) => length === 0);
}

export function nested(size) {
  const bytes = made(size);
  return { list: [move(bytes, [bytes.buffer])] };
}

export function nestedReport(size) {
  const bytes = made(size);
  currentJob().report([move(bytes, [bytes.buffer])]);
}

export function pooled() {
  const other = Buffer.from('other data');
  const small = Buffer.from('small');
  globalThis.other = other;
  return move(small, [small.buffer]);
}

export function otherData() {
  return globalThis.other.toString();
}

export function movedTwice() {
  const bytes = made(8);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return move(bytes.buffer, [bytes]);
}
