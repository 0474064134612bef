// The packed library, for scripts that install it in a folder of their own.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const root = fileURLToPath(new URL('..', import.meta.url));

export const QUIETLY = ['--no-audit', '--no-fund', '--loglevel=error'];

/** Runs npm in a folder, and returns what it prints. */
export function npm(args, cwd) {
  const shell = process.platform === 'win32';
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell });
}

/** Packs the package of a folder into another, and returns the path of the file. */
export function pack(from, to) {
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--loglevel=error', '--pack-destination', to], from));
  return join(to, filename);
}

/** Packs the library into a folder that has a `package.json`, and installs it there. */
export function installPacked(folder, ...options) {
  npm(['install', ...options, ...QUIETLY, pack(root, folder)], folder);
}

/** Copies a project of `tests/` into a folder, and installs what its lockfile says and the packed library there. */
export function installProject(name, folder) {
  cpSync(join(root, 'tests', name), folder, { recursive: true });
  npm(['ci', ...QUIETLY], folder);
  installPacked(folder, '--no-save');
}
