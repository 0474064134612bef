import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Longest text that a program may print, in characters: one that prints for ever is ended, and its test fails. */
const MOST_PRINTED = 2 ** 24;

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly flags?: readonly string[];
  /** A signal that it is sent once, when it has printed the text: it alone, or all processes of its group, as by Ctrl-C. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly when: string; readonly group?: boolean };
  /** Its name, by which it is an ES module or not. Default: `program.mjs`. */
  readonly file?: string;
  /** Besides this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program, given as the text of an ES module, in a process of its own; the library is imported by its name. */
export async function runProgram(text: string, options: ProgramOptions = {}): Promise<ProgramResult> {
  // inside the project, where the package finds itself by its own name
  const folder = mkdtempSync(join(root, 'build', 'test-program-'));
  try {
    const file = join(folder, options.file ?? 'program.mjs');
    writeFileSync(file, text);
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...(options.flags ?? []), file], {
      timeout: 60_000,
      env: { ...process.env, NODE_OPTIONS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.kill?.group ?? false,
    });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (data: string) => {
        printed[name] += data;
        if (printed[name].length > MOST_PRINTED) child.kill('SIGKILL');
      });
    if (options.kill !== undefined) killWhen(child, options.kill);
    await new Promise((resolve) => child.once('close', resolve));
    return { code: child.exitCode, signal: child.signalCode, ...printed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function killWhen(child: ChildProcess, { signal, when, group = false }: NonNullable<ProgramOptions['kill']>): void {
  let printed = '';
  const onData = (data: string): void => {
    printed += data;
    if (!printed.includes(when)) return;
    child.stdout?.off('data', onData);
    if (group && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  };
  child.stdout?.on('data', onData);
}
