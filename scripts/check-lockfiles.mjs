// Lockfiles must install anywhere: no download address of one machine's registry (see omit-lockfile-registry-resolved in
// .npmrc), and an integrity hash for all that is downloaded.
import { readFileSync } from 'node:fs';

const faults = [];
const projects = ['bundlers', 'frameworks', 'package-managers', 'runners', 'typescript'];
const folders = ['', 'bench/', ...projects.map((name) => `tests/${name}/`)];
for (const file of folders.map((folder) => `${folder}package-lock.json`)) {
  const { packages } = JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'));
  for (const [path, { resolved = '', link = false, inBundle = false, integrity }] of Object.entries(packages)) {
    if (resolved.includes(':')) faults.push(`${file}: ${path} names its download address`);
    if (path.includes('node_modules/') && !link && !inBundle && integrity === undefined)
      faults.push(`${file}: ${path} has no integrity`);
  }
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
