import Table from 'cli-table3';

export function formatCount(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 file`, `2 files`. */
export function formatNumberOf(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export function formatMs(ms: number): string {
  if (ms < 1) return `${(ms * 1e3).toFixed(0)} µs`;
  return ms < 1e3 ? `${ms.toFixed(1)} ms` : `${(ms / 1e3).toFixed(2)} s`;
}

/** What the columns beside a path take. */
const OTHER_COLUMNS = 58;

/** A path as a table can show it: its end, without what would confuse a terminal. */
export function formatPath(path: string): string {
  const width = Math.min(60, Math.max(20, (process.stdout.columns ?? 120) - OTHER_COLUMNS));
  const text = path.replace(/\p{C}/gu, '?');
  return text.length <= width ? text : `…${text.slice(1 - width)}`;
}

/** Prints a table; columns whose head begins with `>` are aligned to the right. */
export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({
    head: head.map((name) => name.replace('>', '')),
    colAligns: head.map((name) => (name.startsWith('>') ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  console.log(`\n${title}\n${table}`);
}
