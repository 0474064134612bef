import { stackOf } from '../../errors.js';

/*
 * Stacks without the frames of the worker's loop, which lie below the task's own. They are known by the address of the file
 * that this code is in, however that is named: a user's file may have any name.
 */

/** How a frame shows a place: in parentheses behind a function's name, or alone; then line and column. */
const PLACE = /^\s+at (?:.*\()?(.+?):\d+:\d+\)?$/;
/** Code of Node's, or of no file, that calls us or is called by us. */
const OF_NOBODY = /^\s+at .*(?:\(?node:|<anonymous>\)?$|\(native\)$|\(index \d+\)$)/;
/** How this file ends where a source map shows it as it was written: what stands before is where all of ours is. */
const SOURCE = /wire[\\/]message[\\/]own-frames\.[jt]s$/;

/** How frames of this file show its address: more than one where source maps are turned on meanwhile. */
const addresses = new Set<string>();
const folders = new Set<string>();

function learnAddress(): void {
  const frame = stackOf(new Error('where'), '')
    .split('\n')
    .find((line) => PLACE.test(line));
  const address = frame === undefined ? undefined : placeOf(frame);
  if (address === undefined) return;
  if (SOURCE.test(address)) folders.add(address.replace(SOURCE, ''));
  else addresses.add(address);
}

function placeOf(frame: string): string | undefined {
  return /\(eval at /.test(frame) ? undefined : PLACE.exec(frame)?.[1]?.replace(/^async /, '');
}

function isOurs(frame: string): boolean {
  const place = placeOf(frame);
  if (place === undefined) return false;
  if (addresses.has(place)) return true;
  for (const folder of folders) if (place.startsWith(folder)) return true;
  return false;
}

learnAddress();

/**
 * A stack that ends with the last frame that is not of this library. One that is all of it is left as it is: where a bundler
 * has put code of the user into our file, it could be theirs.
 *
 * @param message the error's, which may look like frames.
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
