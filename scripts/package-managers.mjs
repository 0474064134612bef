// Installs the packed library by each package manager of tests/package-managers/, in a project of its own with a package of
// another author that has tasks, and runs the program of the project. For Linux on x64, for which npm has all of them.
// Usage: node scripts/package-managers.mjs [--only text]   (those whose name has the text)
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { attemptAll } from './attempt.mjs';
import { npm, pack, QUIETLY, root } from './packed.mjs';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'thread-system-package-managers-'));
const modules = join(folder, 'managers/node_modules');
const LONGEST_MS = 180_000;

const yarn = [process.execPath, join(modules, '@yarnpkg/cli-dist/bin/yarn.js')];
const bun = [join(modules, '@oven/bun-linux-x64/bin/bun')];

/**
 * By package manager: the command that installs, files that it is set up by, and the command that runs a program if Node.js alone
 * would not find the packages; what then the errors advise where the option `env` lacks what that command sets.
 */
const managers = {
  npm: { install: ['npm', 'install', ...QUIETLY] },
  pnpm: {
    install: [join(modules, '@pnpm/exe.linux-x64/pnpm'), 'install', '--store-dir', join(folder, 'pnpm-store')],
    files: { 'pnpm-workspace.yaml': 'allowBuilds:\n  msgpackr-extract: false\n' }, // of bullmq, which does without
  },
  'Yarn, node-modules': { install: [...yarn, 'install'], files: { '.yarnrc.yml': 'nodeLinker: node-modules\n' } },
  'Yarn PnP': {
    install: [...yarn, 'install'],
    files: { '.yarnrc.yml': 'nodeLinker: pnp\n' },
    node: [...yarn, 'node'],
    advice: 'write env: { ...process.env, … }',
  },
  'Yarn 1': { install: [process.execPath, join(modules, 'yarn/bin/yarn.js'), 'install', '--no-progress'] },
  bun: { install: [...bun, 'install'] },
  'bun, isolated': { install: [...bun, 'install', '--linker', 'isolated'] },
};

const PRINTED = `thread 42 1 of mine
thread small required
process 42 1 of mine
process small required
inline 42 1 of mine
inline small required
# HELP thread_system_jobs_submitted_total Jobs submitted
function
TypeError: Cannot export metrics to OpenTelemetry: the package @opentelemetry/sdk-metrics is not installed (npm install @opentelemetry/sdk-metrics@^2)
`;

const env = {
  ...process.env,
  ...{ NODE_OPTIONS: '', NO_COLOR: '1', CI: '' },
  // all that is downloaded stays in the folder, and comes from where npm takes it
  YARN_NPM_REGISTRY_SERVER: npm(['config', 'get', 'registry'], root).trim(),
  ...{ YARN_ENABLE_GLOBAL_CACHE: 'false', YARN_ENABLE_TELEMETRY: '0', YARN_CACHE_FOLDER: join(folder, 'yarn-cache') },
  BUN_INSTALL_CACHE_DIR: join(folder, 'bun-cache'),
};

const start = ([file, ...args], cwd) => exec(file, args, { cwd, env, timeout: LONGEST_MS });

async function check({ install, files = {}, node = [process.execPath], advice }, index) {
  const project = join(folder, `project-${index}`);
  cpSync(join(folder, 'managers/project'), project, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  await start(install, project);
  const { stdout, stderr } = await start([...node, 'program.js'], project);
  if (stdout !== PRINTED) throw new Error(`printed\n${stdout}${stderr}instead of\n${PRINTED}`);
  const { stdout: printed } = await start([...node, 'bare-env.js'], project);
  const lines = printed.trimEnd().split('\n');
  const isRight = (line) => (advice === undefined ? line.endsWith(' 42') : line.endsWith(advice));
  if (lines.length !== 2 || !lines.every(isRight)) throw new Error(`printed without NODE_OPTIONS\n${printed}`);
}

await attemptAll(managers, {
  ...{ folder, check },
  prepare() {
    cpSync(join(root, 'tests/package-managers'), join(folder, 'managers'), { recursive: true });
    npm(['ci', ...QUIETLY], join(folder, 'managers'));
    renameSync(pack(root, folder), join(folder, 'thread-system.tgz'));
    renameSync(pack(join(folder, 'managers/thumbnails'), folder), join(folder, 'thumbnails.tgz'));
  },
});
