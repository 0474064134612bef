// Installs the packed library in an otherwise empty project and runs the consumers of scripts/smoke/ there.
// Usage: node scripts/smoke.mjs [path of a Node executable]...   (default: the running one)
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPacked, root } from './packed.mjs';

const consumer = mkdtempSync(join(tmpdir(), 'thread-system-smoke-'));

try {
  writeFileSync(join(consumer, 'package.json'), '{ "private": true }\n');
  installPacked(consumer);
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
