import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { dashboard } from 'thread-system/dashboard';
import { occupy } from '../support/gate.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

const times = { count: 1, p50: 1, p90: 2, p99: 3 };
const snapshot = {
  kind: 'snapshot',
  at: 5_000,
  pools: [
    {
      ...{ name: 'remote', state: 'open', uptimeMs: 1_000, completed: 1, failed: 0, cancelled: 0, active: 2, held: 0 },
      ...{ queued: 3, oldestMs: 4, point: { throughput: 5, failures: 0 }, queuedMs: times, executionMs: times },
      ...{ maxWorkers: 2, workers: [], running: [], moreRunning: 0, tasks: [], unknown: 'ignored' },
    },
  ],
};
const welcome = { kind: 'welcome', version: '0', everyMs: 1_000, actions: ['cancel'], recordings: [], history: [] };
const eventOf = (message: unknown): string => `data: ${JSON.stringify(message)}\n\n`;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that stands for a dashboard, at `/jobs`. */
async function serve(handler: Handler): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/jobs`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Runs the command. @param until ends it by a signal once it has printed that. */
function run(args: readonly string[], { env = {}, until = undefined as string | undefined } = {}) {
  const child = spawn(process.execPath, [cli, ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (until !== undefined && stdout.includes(until)) child.kill();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
}

test('shows what a dashboard sends, a line a snapshot, and asks with its token', async () => {
  const asked: unknown[] = [];
  await using server = await serve(({ url, headers }, response) => {
    asked.push([url, headers.authorization]);
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(': a comment\n\n');
    const text = eventOf(welcome) + eventOf(snapshot) + eventOf({ ...snapshot, pools: [] }) + eventOf(snapshot);
    for (let at = 0; at < text.length; at += 700) response.write(text.slice(at, at + 700));
  });
  const line =
    'remote open: 2 active, 3 queued, 0 held, 5.0/s, 0 failed, workers 0/2, wait p99 3.0 ms, run p99 3.0 ms\n';
  const { stdout, stderr } = await run(['top', '--url', server.url], {
    env: { THREAD_SYSTEM_TOKEN: 'secret' },
    until: line + line,
  });
  expect({ stdout, stderr }).toEqual({ stdout: line + line, stderr: '' });
  expect(asked).toEqual([['/jobs/stream', 'Bearer secret']]);
});

test('shows the pools of a dashboard', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const handler = dashboard({ real: pool }, { token: 'secret', everyMs: 10 });
  await using server = await serve(handler);
  const gate = await occupy(pool);
  const line = 'real open: 1 active, 0 queued, 0 held, ';
  const { stdout, stderr } = await run(['top', '--url', server.url, '--token', 'secret'], { until: line });
  expect(stdout).toContain(line);
  expect(stderr).toBe('');
  gate.open();
  handler.close();
});

test.each<[string, Handler, string]>([
  ['wants a token', (_, response) => response.writeHead(401).end(), 'it wants a token: pass --token, or set'],
  ['says why not', (_, response) => response.writeHead(403).end('{"error":"not from here"}'), ': not from here\n'],
  ['is none', (_, response) => response.writeHead(404).end('no'), ': it answers with status 404\n'],
  ['is something else', (_, response) => response.writeHead(200).end('hello'), ': there is no dashboard\n'],
  [
    'sends nonsense',
    (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {\n\n'),
    'JSON',
  ],
  [
    'ends the stream',
    (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(eventOf(welcome)),
    'The dashboard has ended the stream\n',
  ],
])('fails, with the reason, if the dashboard %s', async (_name, handler, reason) => {
  await using server = await serve(handler);
  const { code, stdout, stderr } = await run(['top', '--url', server.url]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(reason);
  expect(stderr).not.toContain('    at ');
});

test('says if the dashboard refuses the token', async () => {
  await using server = await serve((_, response) => response.writeHead(401).end());
  const { code, stderr } = await run(['top', '--url', server.url, '--token', 'wrong']);
  expect(code).toBe(1);
  expect(stderr).toContain('it refuses the token\n');
});

test('fails if nobody is there', async () => {
  const server = await serve(() => {});
  await server[Symbol.asyncDispose]();
  const { code, stderr } = await run(['top', '--url', server.url]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Cannot reach http:\/\/127\.0\.0\.1:\d+\/jobs\/: .*ECONNREFUSED/);
});

test.each<[readonly string[], string]>([
  [[], 'There is no command'],
  [['bottom'], "There is no command 'bottom'"],
  [['top'], '--url is missing'],
  [
    ['top', 'http://here', '--url', 'http://there'],
    'Cannot show several dashboards: received http://here besides --url',
  ],
  [['top', '--url', 'here'], "--url must be an http or https URL, received 'here'"],
  [['top', '--url', 'file:///etc/passwd'], '--url must be an http or https URL'],
  [['top', '--nope'], "Unknown option '--nope'"],
])('%j is refused, with the usage', async (args, reason) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(reason);
  expect(stderr).toContain('\nUsage: thread-system top --url <url>');
});

test('--help explains', async () => {
  const { code, stdout } = await run(['--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: thread-system top/);
});
