// The work for each file: one job, one file. This runs in the workers.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { currentJob } from 'thread-system/worker';

export interface FileFacts {
  readonly bytes: number;
  readonly sha256: string;
  readonly gzipBytes: number;
  /** Newline characters, as `wc -l` counts them. */
  readonly lines: number;
}

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 10;
const EMPTY_GZIP_BYTES = gzipSync('').length;
/** One for each thread, whose jobs run one after another; no file is ever in memory as a whole. */
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

/** The task: stops between two chunks when its job is cancelled. */
export function inspectFile(path: string): FileFacts {
  const job = currentJob();
  return readFacts(path, () => job.throwIfCancelled());
}

/** The work itself, on whichever thread calls it. The gzip of a file of several chunks has several members, which is valid. */
export function readFacts(path: string, beforeChunk: () => void): FileFacts {
  const hash = createHash('sha256');
  let bytes = 0;
  let gzipBytes = 0;
  let lines = 0;
  const file = openSync(path, 'r');
  try {
    for (;;) {
      beforeChunk();
      const content = chunk.subarray(0, readSync(file, chunk));
      if (content.length === 0) break;
      hash.update(content);
      bytes += content.length;
      gzipBytes += gzipSync(content).length;
      for (let i = 0; i < content.length; i++) if (content[i] === NEWLINE) lines++;
    }
  } finally {
    closeSync(file);
  }
  return { bytes, sha256: hash.digest('hex'), gzipBytes: gzipBytes || EMPTY_GZIP_BYTES, lines };
}
