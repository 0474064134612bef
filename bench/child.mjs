import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Resolves with the first message of a child process.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} what it is, for the error if it ends before.
 * @returns {Promise<any>}
 */
export function messageOf(child, what) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    // after its message this changes nothing
    child.once('exit', (code) => reject(new Error(`${what} ended with ${code}`)));
    child.once('error', reject);
  });
}

/** Starts a process that serves until `end`. @param {URL} file @param {unknown} options its argument, as JSON. */
export function start(file, options) {
  const child = fork(fileURLToPath(file), [JSON.stringify(options)], { execArgv: [] }); // flags would reach the threads of a sandbox
  child.once('exit', (code) => {
    if (code !== null) throw new Error(`${file.pathname} ended with ${code}`);
  });
  return child;
}

export async function end(child) {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
