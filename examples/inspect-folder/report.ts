import { availableParallelism, loadavg } from 'node:os';
import { relative } from 'node:path';
import type { Comparison } from './comparison.js';
import { formatBytes, formatCount, formatMs, formatNumberOf, formatPath, printTable } from './format.js';
import type { InspectedFile, Inspection } from './inspect.js';
import type { Failure, Listing } from './list-files.js';

/** How many rows of a list are shown. */
const TOP = 10;
/** A load of so much for each core is not that of this program alone. */
const BUSY = 1.3;

type NameOf = (file: { readonly path: string }) => string;

export function printInspection(folder: string, listing: Listing, { files, failures, unreached }: Inspection): void {
  const counts = [formatNumberOf(files.length, 'file'), formatNumberOf(total(files, 'lines'), 'line')];
  const sizes = [formatBytes(total(files, 'bytes')), `${formatBytes(total(files, 'gzipBytes'))} gzipped`];
  console.log(`\nInspected: ${[...counts, ...sizes].join(', ')}`);
  if (unreached > 0) console.log(`Not inspected: ${formatNumberOf(unreached, 'file')}`);
  if (!listing.isComplete) console.log('Not listed: the rest of the folder');
  if (listing.links > 0) console.log(`Not followed: ${formatNumberOf(listing.links, 'link')}`);

  const nameOf: NameOf = ({ path }) => formatPath(relative(folder, path) || '.');
  printFailures([...listing.failures, ...failures], nameOf);
  printLargest(files, nameOf);
  printDuplicates(files, nameOf);
}

function total(files: readonly InspectedFile[], field: 'bytes' | 'gzipBytes' | 'lines'): number {
  return files.reduce((sum, file) => sum + file[field], 0);
}

function printFailures(failures: readonly Failure[], nameOf: NameOf): void {
  if (failures.length === 0) return;
  const counts = [...groupBy(failures, ({ code }) => code)].map(
    ([code, { length }]) => `${formatCount(length)} ${code}`,
  );
  printTable(
    `Could not be read: ${counts.join(', ')}`,
    ['path', 'why'],
    failures.slice(0, TOP).map((failure) => [nameOf(failure), `${failure.code}: ${failure.message}`]),
  );
  if (failures.length > TOP) console.log(`and ${formatCount(failures.length - TOP)} more`);
}

function printLargest(files: readonly InspectedFile[], nameOf: NameOf): void {
  if (files.length === 0) return;
  const largest = files.toSorted((a, b) => b.bytes - a.bytes || compare(a.path, b.path)).slice(0, TOP);
  printTable(
    'Largest files',
    ['path', '>bytes', '>gzipped', '>lines', 'SHA-256'],
    largest.map((file) => [
      nameOf(file),
      ...[file.bytes, file.gzipBytes, file.lines].map(formatCount),
      shortHash(file.sha256),
    ]),
  );
}

function printDuplicates(files: readonly InspectedFile[], nameOf: NameOf): void {
  const duplicates = [...groupBy(files, ({ sha256 }) => sha256)]
    .map(([sha256, files]) => ({ sha256, copies: withoutHardLinks(files) }))
    .map(({ sha256, copies }) => ({ sha256, copies, wastedBytes: total(copies.slice(1), 'bytes') }))
    .filter(({ wastedBytes }) => wastedBytes > 0) // empty files are all alike, and waste nothing
    .sort((a, b) => b.wastedBytes - a.wastedBytes || compare(a.sha256, b.sha256));
  if (duplicates.length === 0) {
    console.log('\nDuplicates: none');
    return;
  }
  const wastedBytes = duplicates.reduce((sum, duplicate) => sum + duplicate.wastedBytes, 0);
  printTable(
    `Duplicates: ${formatNumberOf(duplicates.length, 'content')} found more than once, ${formatBytes(wastedBytes)} wasted`,
    ['one of the copies', '>copies', '>wasted bytes', 'SHA-256'],
    duplicates
      .slice(0, TOP)
      .map(({ sha256, copies, wastedBytes }) => [
        nameOf(copies.reduce((first, copy) => (compare(copy.path, first.path) < 0 ? copy : first))),
        ...[copies.length, wastedBytes].map(formatCount),
        shortHash(sha256),
      ]),
  );
}

/** Several names of one file waste nothing. */
function withoutHardLinks(files: readonly InspectedFile[]): InspectedFile[] {
  return [...new Map(files.map((file) => [file.inode, file])).values()];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** By code unit: the same everywhere, and fast. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function shortHash(sha256: string): string {
  return sha256.slice(0, 12);
}

/** The pool's metrics, and how long the inspection took. */
export function printMetrics({ metrics, ms }: Inspection): void {
  const { submitted, completed, failed, cancelled, queuedMs, executionMs, workers } = metrics;
  const counts = Object.entries({ submitted, completed, failed, cancelled });
  printTable(
    `Jobs: ${counts.map(([state, count]) => `${formatCount(count)} ${state}`).join(', ')}`,
    ['', '>mean', '>p50', '>p90', '>p99', '>max'],
    Object.entries({ queued: queuedMs, execution: executionMs }).map(([name, { mean, p50, p90, p99, max }]) => [
      name,
      ...[mean, p50, p90, p99, max].map(formatMs),
    ]),
  );
  if (workers.length === 0) return; // stopped before the first could start
  printTable(
    'Workers',
    ['id', '>jobs', '>utilization'],
    workers.map(({ id, jobs, utilization }) => [`${id}`, formatCount(jobs), `${(utilization * 100).toFixed(1)} %`]),
  );
  const longest = `the longest job took ${formatMs(executionMs.max)}`; // no number of threads can be faster than that
  console.log(`\nTime on ${formatNumberOf(workers.length, 'thread')}: ${formatMs(ms)}, with their start; ${longest}`);
}

export function printComparison(comparison: Comparison | undefined): void {
  if (comparison === undefined) {
    console.log('Compared with one thread: not measured');
    return;
  }
  const { files, bytes, oneThreadMs, poolMs, threads } = comparison;
  console.log(
    `Compared with one thread, by ${formatNumberOf(files, 'file')}, ${formatBytes(bytes)}, now in the disk cache:`,
  );
  const ratio = (oneThreadMs / poolMs).toFixed(2);
  console.log(`  ${formatMs(oneThreadMs)} on one thread, ${formatMs(poolMs)} on ${threads}: ${ratio} times as fast`);
  const [load = 0] = loadavg();
  const cores = availableParallelism();
  if (load > BUSY * cores)
    console.log(
      `  while the machine did other work, too: its load is ${load.toFixed(1)}, on ${formatNumberOf(cores, 'core')}`,
    );
}
