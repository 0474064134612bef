// A trace as a program that others wrote reads it: speedscope, in a browser.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool } from 'thread-system';
import { TestBrowser } from '../../support/browser.ts';
import { checked, slicesOf, threadOf, threadsOf } from '../../support/trace-schema.ts';

/** What speedscope exports: a profile for each thread of a trace. */
interface Export {
  readonly shared: { readonly frames: readonly { readonly name: string }[] };
  readonly profiles: readonly {
    readonly name: string;
    readonly unit: string;
    readonly events: readonly { readonly type: 'O' | 'C'; readonly frame: number; readonly at: number }[];
  }[];
}

const PAGE = join(dirname(createRequire(import.meta.url).resolve('speedscope/package.json')), 'dist/release');
const TYPES = new Map([
  ['html', 'text/html'],
  ['js', 'text/javascript'],
  ['css', 'text/css'],
]);

let browser: TestBrowser;
let server: Server;

beforeAll(async () => {
  browser = await TestBrowser.start();
  server = createServer(async (request, response) => {
    const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
    response.setHeader('content-type', TYPES.get(name.split('.').at(-1) ?? '') ?? 'application/octet-stream');
    response.end(await readFile(join(PAGE, name)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(async () => {
  server.close();
  await browser[Symbol.asyncDispose]();
});

/** What a reader that is not ours makes of a trace. */
async function readBySpeedscope(json: string): Promise<Export> {
  const page = await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.setInputFiles('input[type=file]', {
    name: 'trace.json',
    mimeType: 'application/json',
    buffer: Buffer.from(json),
  });
  await page.waitForFunction("document.title.startsWith('trace.json')");
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Control+s')]);
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Export;
}

test('a viewer shows each thread by its name, with its slices where they were and as long as they were', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 2 });
  const hostile = '<img src=x onerror="throw 1">';
  function job(this: CurrentJob, i: number): Promise<number> {
    if (i % 5 === 0 && this.attempt === 1) throw new Error(`no ${i}`);
    return new Promise((resolve) => setTimeout(resolve, i, i));
  }
  const trace = await pool.trace(() =>
    Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        pool.submit(job, [i], { name: i === 7 ? hostile : `job ${i}`, retry: { maxAttempts: 2 } }),
      ),
    ),
  );
  const events = checked(trace);
  const slices = slicesOf(events);
  const ours = threadsOf(events).flatMap((thread) => {
    const own = slices.filter((slice) => threadOf(events, slice) === thread);
    const beganUs = own[0]?.ts ?? 0; // it shows each thread from its first slice on, and none without a length
    const shown = own.filter(({ dur }) => dur > 0).map(({ name, ts, dur }) => ({ name, at: ts - beganUs, dur }));
    return own.length === 0 ? [] : [{ thread, slices: shown }];
  });
  const theirs = await readBySpeedscope(JSON.stringify(trace));
  expect(threadsShownBy(theirs)).toEqual(ours);
  expect(slicesOf(events, 'job').map(({ name }) => name)).toContain(hostile);
  expect(slicesOf(events, 'job')).toHaveLength(20 + 4);
  expect(browser.complaints.filter((text) => !text.includes('GPU'))).toEqual([]);
});

function threadsShownBy({ profiles, shared }: Export): unknown[] {
  return profiles.map(({ name, events }) => ({
    thread: / (?:pool|worker).*(?= \(tid)/.exec(name)?.[0].trim(),
    slices: events.flatMap(({ type, frame, at }, i) => {
      if (type === 'C') return [];
      const end = events[i + 1];
      // by its name, and what the format calls its arguments
      const text = shared.frames[frame]?.name ?? '';
      return [{ name: text.slice(0, text.lastIndexOf(' {')), at, dur: end?.type === 'C' ? end.at - at : undefined }];
    }),
  }));
}
