// Installs the packed library and the project of tests/frameworks/ in a folder of their own, builds it by each bundler of Next.js,
// starts the standalone server elsewhere, and asks its route for what jobs return. Nitro is among the bundlers.
// Usage: node scripts/frameworks.mjs [--only text]   (those whose name has the text)
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askServer } from './ask-server.mjs';
import { attemptAll } from './attempt.mjs';
import { installProject, root } from './packed.mjs';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'thread-system-frameworks-'));
const LONGEST_MS = 600_000;

/** By what is tried: the flags of `next build`. */
const runs = { 'Next, Turbopack': ['--turbopack'], 'Next, webpack': ['--webpack'] };

const EXPECTED = ['thread', 'process', 'inline'].map((kind) => `${kind} 1 2 1 the name of job mine\n`).join('');

async function check(flags, index) {
  const distDir = `out-${index}`;
  const env = {
    ...process.env,
    ...{ NODE_OPTIONS: '', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1', DIST_DIR: distDir },
  };
  const next = join(folder, 'node_modules/next/dist/bin/next');
  await exec(process.execPath, [next, 'build', ...flags], { cwd: folder, env, timeout: LONGEST_MS });
  const alone = mkdtempSync(join(tmpdir(), 'thread-system-standalone-'));
  try {
    cpSync(join(folder, distDir, 'standalone'), alone, { recursive: true });
    const { stdout, stderr } = await askServer(join(alone, 'server.js'), '/api/job');
    if (stdout !== EXPECTED || stderr !== '') throw new Error(`answered\n${stdout}${stderr}instead of\n${EXPECTED}`);
  } finally {
    rmSync(alone, { recursive: true, force: true });
  }
}

await attemptAll(runs, {
  ...{ folder, check },
  prepare() {
    installProject('frameworks', folder);
    for (const name of ['run.js', 'tasks.js', 'greeting.js'])
      cpSync(join(root, 'tests/bundlers/src', name), join(folder, name));
  },
});
