import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeClusterPool } from '../support/cluster-pools.ts';
import { describeConformance } from '../support/conformance.ts';
import { RedisServer } from '../support/redis-server.ts';

/** Why tests of local pools are left out: promises that docs/guarantees.md says a cluster does not keep. */
const REFUSED = 'inline functions, `transfer`, shared memory, locks, tokens';
const MEMORY = 'a view and its memory arrive as such';
const WINDOW = 'higher priority starts first (I4)';
const PAUSE = '`pause` starts nothing more';
const REPORTS = 'each report arrives';
const RETRY_IF = '`retryIf`';
const LATER = "limits set later: `setTimeLimit`, a group's concurrency";

const EXCEPTIONS = {
  'a Buffer beside a token arrives as a Buffer, as an argument, a result and a report': REFUSED,
  'a Buffer that is moved arrives as a Buffer, and is gone here': REFUSED,
  'a view and its memory, both in one value, stay so': MEMORY,
  'values that are moved arrive, and are gone where they were': REFUSED,
  'tasks are inline functions of every form': REFUSED,
  'a pool with one worker runs by priority, and equals as they were submitted': WINDOW,
  'a pool that is paused starts nothing until it is resumed': PAUSE,
  'a pool maps over items that are moved': REFUSED,
  'an error of an inline function that reaches outside itself says what would help': REFUSED,
  'progress comes in order and whole, reported or yielded': REPORTS,
  'cancel of a token that a task was given reaches the task, and its reason too': REFUSED,
  'cancel of a token by a task reaches all who hold it': REFUSED,
  'a time limit is set on a job that runs, that was sent ahead, or that was not submitted': LATER,
  'a group with a concurrency has as many jobs run at once; those that wait hold no worker': LATER,
  'a group with a concurrency has the most urgent next, equals as they were submitted, and a job of several attempts keep its turn':
    LATER,
  'retry ends where retryIf says no': RETRY_IF,
};

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describeConformance('thread', { make: (options) => makeClusterPool(server, options), exceptions: EXCEPTIONS });

test('each exception is for a promise that is documented as one that a cluster does not keep', () => {
  const page = readFileSync(new URL('../../docs/guarantees.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('### A cluster keeps less than a pool of one process');
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  const promises = rows.map((row) => row.split(' | ')[0]?.slice(2));
  expect(promises).toEqual(expect.arrayContaining(Object.values(EXCEPTIONS)));
});
