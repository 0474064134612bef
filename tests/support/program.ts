import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly flags?: readonly string[];
  /** A signal that it is sent once, when it has printed the text. */
  readonly kill?: { readonly signal: NodeJS.Signals; readonly when: string };
}

/** Runs a program, given as the text of an ES module, in a process of its own; the library is imported by its name. */
export async function runProgram(text: string, options: ProgramOptions = {}): Promise<ProgramResult> {
  // inside the project, where the package finds itself by its own name
  const folder = mkdtempSync(join(root, 'dist', 'test-program-'));
  try {
    const file = join(folder, 'program.mjs');
    writeFileSync(file, text);
    return await new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', ...(options.flags ?? []), file],
        { timeout: 25_000, env: { ...process.env, NODE_OPTIONS: '' } },
        (_error, stdout, stderr) => resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
      );
      if (options.kill !== undefined) killWhen(child, options.kill);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function killWhen(child: ChildProcess, { signal, when }: NonNullable<ProgramOptions['kill']>): void {
  let printed = '';
  const onData = (data: string): void => {
    printed += data;
    if (!printed.includes(when)) return;
    child.stdout?.off('data', onData);
    child.kill(signal);
  };
  child.stdout?.on('data', onData);
}
