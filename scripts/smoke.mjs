// Installs the packed library in an otherwise empty project and runs the consumers of scripts/smoke/ there.
// Usage: node scripts/smoke.mjs [path of a Node executable]...   (default: the running one)
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const consumer = mkdtempSync(join(tmpdir(), 'thread-system-smoke-'));
const npm = (args, cwd) =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });

try {
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--loglevel=error', '--pack-destination', consumer], root));
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }\n');
  npm(['install', '--no-audit', '--no-fund', '--loglevel=error', `./${filename}`], consumer);
  cpSync(join(root, 'scripts/smoke'), consumer, { recursive: true });

  const nodes = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath];
  for (const node of nodes) {
    for (const script of ['esm.mjs', 'commonjs.cjs', 'no-shutdown.mjs']) {
      const stdout = execFileSync(node, [script], { cwd: consumer, encoding: 'utf8', timeout: 30_000 });
      // A process whose event loop ran dry exits with 0 too, having checked nothing.
      if (!stdout.startsWith('ok ')) throw new Error(`${script} ended without its line on ${node}`);
      process.stdout.write(stdout);
    }
  }
} finally {
  rmSync(consumer, { recursive: true, force: true });
}
