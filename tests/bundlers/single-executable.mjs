// Makes an executable of Node.js and the program, and its task module beside it. Usage: node single-executable.mjs <folder>
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { inject } from 'postject';

const folder = resolve(process.argv[2]);
const parts = `${folder}-parts`;
for (const made of [folder, parts]) mkdirSync(made, { recursive: true });

const options = { bundle: true, platform: 'node', logOverride: { 'empty-import-meta': 'silent' } };
await build({ ...options, entryPoints: ['src/executable.js'], format: 'cjs', outfile: join(parts, 'main.cjs') });
await build({ ...options, entryPoints: ['src/tasks.js'], format: 'esm', outfile: join(folder, 'tasks.js') });

const output = join(parts, 'program.blob');
const config = join(parts, 'config.json');
writeFileSync(config, JSON.stringify({ main: join(parts, 'main.cjs'), output, disableExperimentalSEAWarning: true }));
execFileSync(process.execPath, ['--experimental-sea-config', config]);

const program = join(folder, 'program');
copyFileSync(process.execPath, program);
await inject(program, 'NODE_SEA_BLOB', readFileSync(output), {
  sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
});
chmodSync(program, 0o755);
