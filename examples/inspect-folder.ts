// Inspects a folder on all cores: the SHA-256, the gzipped size and the number of lines of each file. At the end it shows
// the largest files, the duplicates, what the pool did, and how long one thread takes for the same work. See
// `npm start -- --help`.
import { writeFile } from 'node:fs/promises';
import { CancellationToken, type ThreadPool } from 'thread-system';
import { compare } from './inspect-folder/comparison.js';
import { formatBytes, formatNumberOf } from './inspect-folder/format.js';
import { inspect } from './inspect-folder/inspect.js';
import { listFiles } from './inspect-folder/list-files.js';
import { type Options, readOptions, USAGE } from './inspect-folder/options.js';
import { printComparison, printInspection, printMetrics } from './inspect-folder/report.js';
import { type ServedDashboard, serveDashboard } from './inspect-folder/serve-dashboard.js';

const CTRL_C = 'Ctrl-C';

async function main({ folder, budgetMs, isLargeFirst, isCompared, traceFile, hasDashboard }: Options): Promise<void> {
  // One token for everything: the listing, every job and the comparison stop when it is cancelled.
  const stop = new CancellationToken();
  process.once('SIGINT', () => stop.cancel(CTRL_C)); // once: a second Ctrl-C ends the process as it usually does
  const stopLater = () => stop.cancel(`the budget of ${budgetMs} ms is used up`);
  const budget = budgetMs === undefined ? undefined : setTimeout(stopLater, budgetMs);

  const listing = await listFiles(folder, stop);
  const bytes = listing.files.reduce((sum, file) => sum + file.bytes, 0);
  console.log(`Inspecting ${folder}: ${formatNumberOf(listing.files.length, 'file')}, ${formatBytes(bytes)}`);
  let page: ServedDashboard | undefined;
  const watch = async (pool: ThreadPool) => {
    if (hasDashboard) page = await serveDashboard(pool);
  };
  const inspection = await inspect(listing.files, { isLargeFirst, stop, isTraced: traceFile !== undefined, watch });
  clearTimeout(budget);

  if (stop.isCancelled) console.log(`\nStopped: ${stop.reason}. What is known so far:`);
  printInspection(folder, listing, inspection);
  printMetrics(inspection);
  if (traceFile !== undefined) {
    await writeFile(traceFile, JSON.stringify(inspection.trace));
    console.log(`Trace: ${traceFile}; open it at https://ui.perfetto.dev`);
  }
  if (isCompared) printComparison(await compare(inspection.files, stop));
  if (stop.reason === CTRL_C) process.exitCode = 130; // what shells expect of a program that Ctrl-C ended
  await page?.close(stop);
}

function readOptionsOrExplain(): Options | undefined {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.isHelpWanted) console.log(USAGE);
    else return options;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exitCode = 2;
  }
  return undefined;
}

const options = readOptionsOrExplain();
if (options !== undefined) await main(options);
