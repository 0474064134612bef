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
  const { dependencies, optionalDependencies } = readJson('./package.json');
  const { version } = readJson('../package.json');
  const { echarts: _charts, ...others } = { ...dependencies, ...optionalDependencies };
  return { 'thread-system': version, ...others };
}

function readJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}
