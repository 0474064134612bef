import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningExample {
  readonly outcome: Promise<Outcome>;
  /** Resolves with its standard output once `text` is in it; rejects when it ends without. */
  printed(text: string): Promise<string>;
  interrupt(signal?: NodeJS.Signals): void;
}

const { scripts } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { scripts: { example: string } };
/** The flags by which `npm run example` has Node.js read TypeScript. */
const [, ...FLAGS] = scripts.example.split(' ');

/** Runs a file of examples/ in a process of its own, as `npm run example` or `node` does. */
export function startExample(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): RunningExample {
  return startFile(`examples/${file}`, args, env);
}

/** Runs a file of the project in a process of its own. */
export function startFile(file: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): RunningExample {
  const flags = file.endsWith('.ts') ? FLAGS : ['--enable-source-maps'];
  const child = spawn(process.execPath, [...flags, file, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    outcome,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(text)) resolve(stdout);
        };
        look();
        child.stdout.on('data', look);
        child.once('close', () => reject(new Error(`The example ended without '${text}': ${stdout}${stderr}`)));
      }),
    interrupt: (signal = 'SIGINT') => void child.kill(signal),
  };
}

export function runExample(file: string, args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
  return startExample(file, args, env).outcome;
}
