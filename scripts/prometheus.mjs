// Has a real Prometheus scrape the example of the docs, and asks it what its users ask: `promtool` finds no fault with the metrics
// and the alerts, each alert fires when it should, a quantile is there for each task, and each query of the dashboard has a
// result. Needs `prometheus` and `promtool` in PATH (Debian's package prometheus).
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.mjs';

const TIMEOUT_MS = 120_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const example = (name) => join(root, 'examples', name);
/** What `npm run example` gives Node.js. */
const [, ...EXAMPLE_FLAGS] = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts.example.split(' ');
const folder = mkdtempSync(join(tmpdir(), 'thread-system-prometheus-'));
const children = [];

function start(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', (text) => {
    output += text;
  });
  child.on('exit', (code) => {
    if (children.includes(child)) throw new Error(`${command} exited with ${code}: ${output}`);
  });
  children.push(child);
}

/** Calls `fn` again and again until it returns something. */
async function until(what, fn) {
  const end = Date.now() + TIMEOUT_MS;
  let failure;
  while (Date.now() < end) {
    try {
      const result = await fn();
      if (result !== undefined) return result;
    } catch (error) {
      failure = error;
    }
    await sleep(200);
  }
  throw new Error(`Waited in vain for ${what}`, { cause: failure });
}

async function textOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.text();
}

/** The series that a query results in. */
async function query(server, expression) {
  const { data } = JSON.parse(await textOf(`${server}/api/v1/query?query=${encodeURIComponent(expression)}`));
  return data.result;
}

/** The queries of the dashboard, with all tasks and pools. */
function dashboardQueries() {
  const { panels } = JSON.parse(readFileSync(example('grafana-dashboard.json'), 'utf8'));
  return panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expression) => expression.replaceAll('$__rate_interval', '30s').replaceAll(/\$(?:pool|task)/g, '.*'));
}

async function checkAll() {
  const [appPort, serverPort] = [await freePort(), await freePort()];
  const app = `http://127.0.0.1:${appPort}`;
  const server = `http://127.0.0.1:${serverPort}`;
  start(process.execPath, [...EXAMPLE_FLAGS, example('prometheus.ts'), `${appPort}`]);
  await until('the example', () => textOf(`${app}/metrics`));

  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${example('prometheus-alerts.yml')}']
scrape_configs: [{ job_name: example, static_configs: [{ targets: ['127.0.0.1:${appPort}'] }] }]
`,
  );
  execFileSync('promtool', ['check', 'config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const rules = join(root, 'tests/examples/prometheus-alerts.test.yml');
  execFileSync('promtool', ['test', 'rules', rules], { stdio: ['ignore', 'ignore', 'inherit'] });
  process.stdout.write('ok alerts\n');
  const data = `--storage.tsdb.path=${join(folder, 'data')}`;
  start('prometheus', [`--config.file=${config}`, data, `--web.listen-address=127.0.0.1:${serverPort}`]);

  const tasks = await until('a quantile for each task', async () => {
    for (const path of ['primes/20000', 'hash/hello', 'primes/-1']) await fetch(`${app}/${path}`);
    const series = await query(
      server,
      'histogram_quantile(0.95, sum by (le, task) (rate(thread_system_job_run_seconds_bucket[30s])))',
    );
    const known = series.filter(({ value }) => Number(value[1]) > 0).map(({ metric }) => metric.task);
    return known.includes('primesBelow') && known.includes('sha256') ? known : undefined;
  });
  process.stdout.write(`ok quantiles of ${tasks.join(', ')}\n`);

  for (const expression of dashboardQueries())
    await until(`a result of ${expression}`, async () =>
      (await query(server, expression)).length > 0 ? true : undefined,
    );
  process.stdout.write(`ok ${dashboardQueries().length} queries of the dashboard\n`);

  // not even a hint: promtool exits with 3 for those
  execFileSync('promtool', ['check', 'metrics'], {
    input: await textOf(`${app}/metrics`),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  process.stdout.write('ok promtool check metrics\n');
}

try {
  await checkAll();
} finally {
  for (const child of children.splice(0)) {
    child.kill();
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true, force: true });
}
