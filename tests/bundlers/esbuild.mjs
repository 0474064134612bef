// Builds by esbuild. Usage: node esbuild.mjs <folder> <options as JSON>
import { build } from 'esbuild';

const [outdir, more] = process.argv.slice(2);
const entryPoints = ['src/program.js', 'src/tasks.js'];
await build({ entryPoints, outdir, bundle: true, platform: 'node', format: 'esm', ...JSON.parse(more) });
