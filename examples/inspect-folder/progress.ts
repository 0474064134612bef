import { Presets, SingleBar } from 'cli-progress';
import { formatBytes, formatCount } from './format.js';
import type { FoundFile } from './list-files.js';

/** Shows the progress: a bar on a terminal, otherwise a line at each quarter of the files. */
export interface Progress {
  fileDone(file: FoundFile): void;
  end(): void;
}

export function startProgress(files: readonly FoundFile[]): Progress {
  return process.stdout.isTTY ? startBar(files) : startLines(files.length);
}

/** By bytes, as these take the time. */
function startBar(files: readonly FoundFile[]): Progress {
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const bar = new SingleBar(
    {
      format: '{bar} {percentage} % | {doneFiles} of {files} files | {doneBytes} of {bytes}',
      stream: process.stdout,
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      gracefulExit: false, // Ctrl-C is ours
    },
    Presets.shades_grey,
  );
  let bytes = 0;
  let count = 0;
  const done = () => ({ doneFiles: formatCount(count), doneBytes: formatBytes(bytes) });
  bar.start(totalBytes, 0, { files: formatCount(files.length), bytes: formatBytes(totalBytes), ...done() });
  return {
    fileDone(file) {
      count++;
      bytes += file.bytes;
      bar.update(bytes, done());
    },
    end: () => bar.stop(),
  };
}

function startLines(total: number): Progress {
  let count = 0;
  let quarter = 1;
  return {
    fileDone() {
      count++;
      if (quarter > 3 || count < (total * quarter) / 4) return;
      console.log(`  ${formatCount(count)} of ${formatCount(total)} files`);
      quarter = Math.floor((count * 4) / total) + 1;
    },
    end() {},
  };
}
