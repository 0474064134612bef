import { readFileSync } from 'node:fs';
import os from 'node:os';

/** What the figures were measured on and with. */
export function describeMachine() {
  const [cpu] = os.cpus();
  return {
    cpu: cpu?.model.trim() || 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    platform: `${os.type()} ${os.arch()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    versions: readVersions(),
  };
}

function readVersions() {
  const { dependencies } = readJson('./package.json');
  const { version } = readJson('../package.json');
  const { echarts: _charts, ...peers } = dependencies;
  return { 'thread-system': version, ...peers };
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}
