import type { ServerResponse } from 'node:http';
import { clearTimeout, setTimeout } from '../base/clock.js';
import { messageOf, PoolClosedError } from '../errors.js';
import { numberIn } from './actions.js';
import type { DashboardRecording } from './messages.js';
import type { PoolReader } from './pool-reader.js';
import type { Reader } from './reader.js';
import { Refusal, replyJson } from './replies.js';

/** How long a recording takes unless the request says. */
const USUAL_MS = 10_000;
const LONGEST_MS = 60_000;

/**
 * What can be recorded. A snapshot of a heap contains everything in a worker's memory, so only a protected dashboard offers it.
 */
export function recordingsFor(isProtected: boolean): readonly DashboardRecording[] {
  return isProtected ? ['profile', 'trace', 'heap'] : ['profile', 'trace'];
}

/** Records for some time, and sends the file. @throws {Refusal} that says why not. */
export async function record(
  name: DashboardRecording,
  reader: Reader,
  { query, response }: { readonly query: URLSearchParams; readonly response: ServerResponse },
): Promise<void> {
  if (reader.kind === 'cluster') throw new Refusal(404, `'${reader.name}' is a cluster: record on its hosts`);
  if (name === 'heap') {
    await sendHeap(reader, numberIn(query, 'worker'), response);
    return;
  }
  const ms = query.has('ms') ? numberIn(query, 'ms') : USUAL_MS;
  if (!(ms > 0 && ms <= LONGEST_MS)) throw new Refusal(400, `ms must be more than 0 and at most ${LONGEST_MS}`);
  const recorded = await recordingOf(name, reader, () => untilOver(ms, response));
  if (!response.destroyed) replyJson(response, recorded, attachment(reader, EXTENSIONS[name]));
}

const EXTENSIONS = { profile: 'cpuprofile', trace: 'trace.json' } as const;

async function recordingOf(
  name: keyof typeof EXTENSIONS,
  { pool }: PoolReader,
  fn: () => Promise<void>,
): Promise<object> {
  try {
    return name === 'profile' ? await pool.profile(fn) : await pool.trace(fn);
  } catch (error) {
    throw new Refusal(error instanceof PoolClosedError ? 409 : 503, messageOf(error));
  }
}

/** Waits, but not after the viewer has left. */
function untilOver(ms: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function sendHeap(reader: PoolReader, id: number, response: ServerResponse): Promise<void> {
  const worker = reader.engine.workers.all.find(({ workerId }) => workerId === id);
  if (worker === undefined) throw new Refusal(404, `There is no worker ${id}`);
  const snapshot = await worker.heapSnapshot();
  if (snapshot === undefined)
    throw new Refusal(409, `The heap of worker ${id} cannot be read: it has no thread of its own, or is ending`);
  response.writeHead(200, {
    'content-type': 'application/json',
    ...attachment(reader, 'heapsnapshot', `-worker-${id}`),
  });
  response.once('close', () => snapshot.destroy());
  snapshot.on('error', () => response.destroy());
  snapshot.pipe(response);
}

/** Headers that make a browser save a file. */
function attachment({ name }: PoolReader, extension: string, part = ''): Readonly<Record<string, string>> {
  const file = `${name.replace(/[^\w-]+/g, '_') || 'pool'}${part}.${extension}`;
  return { 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${file}"` };
}
