// Does by chance to pools whatever may be done to them: tests/support/chaos.ts. Ends with 1 at the first fault found, or
// when something still keeps the process after the last run.
// Usage: node scripts/chaos.mjs [--seeds <how many>] [--from <the first>] [--steps <of each>] [--kind thread|process] [--quiet]
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
    steps: { type: 'string', default: '1000' },
    kind: { type: 'string' },
    quiet: { type: 'boolean', default: false },
  },
});
/** A process that has nothing to do for so long should have ended. */
const EXIT_MS = 5_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const driver = join(root, 'tests/support/chaos.ts');

async function loadDriver() {
  const folder = mkdtempSync(join(root, 'build', 'chaos-'));
  try {
    const outfile = join(folder, 'chaos.mjs');
    await build({
      entryPoints: [driver],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      define: { 'import.meta.url': JSON.stringify(pathToFileURL(driver).href) },
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

let seed = Number(values.from);
process.on('unhandledRejection', (error) => fail(`seed ${seed}: unhandled rejection: ${error?.stack ?? error}`));
process.on('uncaughtException', (error) => fail(`seed ${seed}: uncaught: ${error?.stack ?? error}`));
process.on('warning', (warning) => fail(`seed ${seed}: warning: ${warning.stack}`));

const { runChaos } = await loadDriver();
const total = { jobs: 0, completed: 0, failed: 0, cancelled: 0, threads: 0, values: 0, ms: 0 };
const end = seed + Number(values.seeds);
for (; seed < end; seed++) {
  try {
    const report = await runChaos(seed, { steps: Number(values.steps), kind: values.kind });
    for (const name of Object.keys(total)) total[name] += report[name];
    if (!values.quiet) console.log(JSON.stringify(report));
  } catch (error) {
    fail(error.message);
  }
}
const memoryMb = Math.round(process.memoryUsage().rss / 1e6);
console.log(JSON.stringify({ seeds: Number(values.seeds), ...total, memoryMb }));
setTimeout(() => fail(`the process is kept by ${process.getActiveResourcesInfo()}`), EXIT_MS).unref();
