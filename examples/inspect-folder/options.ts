import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface Options {
  readonly folder: string;
  /** The inspection stops after this many ms; `undefined`: when it is done. */
  readonly budgetMs: number | undefined;
  /** Whether large files go first: the inspection then ends sooner, as no large file is left to one thread at the end. */
  readonly isLargeFirst: boolean;
  /** Whether one thread repeats the work, for comparison. */
  readonly isCompared: boolean;
  /** Where a trace of all jobs is written; `undefined`: none is made. */
  readonly traceFile: string | undefined;
  /** Whether a page shows what the pool does, even after the work is done. */
  readonly hasDashboard: boolean;
  readonly isHelpWanted: boolean;
}

export const USAGE = `Usage: npm start -- [folder] [options]

  folder          what to inspect; by default the node_modules of this project
  --budget <ms>   stop after so many milliseconds and show what is known by then
  --large-first   take the large files first: a later first result, an earlier end
  --no-compare    do not measure the same work on one thread
  --trace <file>  write what each worker did when, for ui.perfetto.dev
  --dashboard     serve a page that shows what the pool does, until Ctrl-C
  --help          show this text`;

const OWN_PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const LONGEST_MS = 2 ** 31 - 1; // what setTimeout can take

/** @throws {Error} that says what is wrong with the arguments. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    options: {
      budget: { type: 'string' },
      'large-first': { type: 'boolean' },
      'no-compare': { type: 'boolean' },
      trace: { type: 'string' },
      dashboard: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const [folder = OWN_PACKAGES, ...others] = positionals;
  if (others.length > 0) throw new Error(`Cannot inspect several folders at once: received ${positionals.join(', ')}`);
  return {
    folder: checkFolder(folder),
    budgetMs: values.budget === undefined ? undefined : checkBudget(values.budget),
    isLargeFirst: values['large-first'] === true,
    isCompared: values['no-compare'] !== true,
    traceFile: values.trace === undefined ? undefined : checkTraceFile(values.trace),
    hasDashboard: values.dashboard === true,
    isHelpWanted: values.help === true,
  };
}

function checkFolder(folder: string): string {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`Cannot inspect ${folder}: there is no such folder`);
  if (!stats.isDirectory()) throw new Error(`Cannot inspect ${folder}: it is not a folder`);
  return resolve(folder);
}

/** Before the work, which may take long. */
function checkTraceFile(file: string): string {
  const path = resolve(file);
  if (file === '' || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new Error(`Cannot write a trace to '${file}': it must be the name of a file`);
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Error(`Cannot write a trace to ${file}: there is no folder ${dirname(path)}`);
  return path;
}

function checkBudget(text: string): number {
  const budgetMs = text.trim() === '' ? Number.NaN : Number(text);
  if (!(budgetMs >= 0 && budgetMs <= LONGEST_MS))
    throw new Error(`Cannot use the budget '${text}': it must be a number of milliseconds from 0 to ${LONGEST_MS}`);
  return budgetMs;
}
