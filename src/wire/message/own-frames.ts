import { stackOf } from '../../errors.js';

/*
 * Removes the worker's own frames, which lie below those of a task, from stacks. They are known by the address of the file that
 * this code is in, as a user's file may have any name.
 */

/** The address in a frame: in parentheses after a function's name, or alone; followed by line and column. */
const ADDRESS = /^\s+at (?:.*\()?(.+?):\d+:\d+\)?$/;
/** Frames of the platform (Deno's own are `ext:`), or of no file. They may lie between the worker's own. */
const OF_NOBODY = /^\s+at .*(?:\(?(?:node|ext):|<anonymous>\)?$|\(native\)$|\(index \d+\)$)/;
/** The end of this file's address if source maps are on. What is before it is the library's source folder. */
const SOURCE = /wire[\\/]message[\\/]own-frames\.[jt]s$/;

/** Addresses of this file in frames: more than one if source maps are turned on later. */
const addresses = new Set<string>();
const folders = new Set<string>();

function learnAddress(): void {
  const frame = stackOf(new Error('where'), '')
    .split('\n')
    .find((line) => ADDRESS.test(line));
  const address = frame === undefined ? undefined : addressOf(frame);
  if (address === undefined) return;
  if (SOURCE.test(address)) folders.add(address.replace(SOURCE, ''));
  else addresses.add(address);
}

function addressOf(frame: string): string | undefined {
  return /\(eval at /.test(frame) ? undefined : ADDRESS.exec(frame)?.[1]?.replace(/^async /, '');
}

function isOurs(frame: string): boolean {
  const address = addressOf(frame);
  if (address === undefined) return false;
  if (addresses.has(address)) return true;
  for (const folder of folders) if (address.startsWith(folder)) return true;
  return false;
}

/**
 * Returns the stack up to the last frame that is not of this library. A stack with no other frames is returned as it is: a bundler
 * may have put code of the user into this file.
 *
 * @param message the error's message, which may contain lines like frames.
 */
export function withoutOwnFrames(stack: string, message: string): string {
  learnAddress();
  const from = Math.max(0, stack.indexOf(message)) + message.length;
  const lines = stack.slice(from).split('\n');
  let end = lines.length;
  for (let i = lines.length - 1; i > 0; i--) {
    const line = lines[i] ?? '';
    if (isOurs(line)) end = i;
    else if (!OF_NOBODY.test(line)) break;
  }
  const isAllOurs = lines.slice(1, end).every((line) => OF_NOBODY.test(line));
  return isAllOurs ? stack : stack.slice(0, from) + lines.slice(0, end).join('\n');
}
