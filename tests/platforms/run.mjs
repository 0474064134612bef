// Runs test files by `globals.mjs`, and prints as JSON what passed and failed, and what was left out.
// Usage: <platform> run.mjs '{ "files": […], "leftOut": [regular expressions], "limitMs": … }'
import { pathToFileURL } from 'node:url';
import { run } from '@jest/globals';

const { files, leftOut, limitMs } = JSON.parse(process.argv[2]);
const patterns = leftOut.map((pattern) => new RegExp(pattern));
const met = new Set();

function isLeftOut(name) {
  const found = patterns.filter((pattern) => pattern.test(name));
  for (const { source } of found) met.add(source);
  return found.length > 0;
}

// as in Jest: a rejection that a test has not handled yet is no end of the process
process.on('unhandledRejection', () => {});
const keepAlive = setInterval(() => {}, 1_000);
for (const file of files) await import(pathToFileURL(file).href);
const { passed, failed } = await run({ limitMs, isLeftOut });
clearInterval(keepAlive);
const failures = failed.map(({ name, error }) => `${name}\n${error?.stack ?? error}`);
console.log(`\nresult ${JSON.stringify({ passed: passed.length, failures, met: [...met] })}`);
process.exit(0);
