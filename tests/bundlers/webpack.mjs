// Builds by webpack, or by what has its interface. Usage: node webpack.mjs <package> <folder>
import { resolve } from 'node:path';

const [name, folder] = process.argv.slice(2);
const { default: make } = await import(name);

const compiler = make({
  mode: 'production',
  target: 'node20',
  entry: {
    program: './src/program.js',
    tasks: { import: './src/tasks.js', library: { type: 'module' } }, // the exports of a task module are to stay
  },
  output: { path: resolve(folder), filename: '[name].js', module: true, chunkFormat: 'module' },
  experiments: { outputModule: true },
});
compiler.run((error, stats) => {
  if (error) throw error;
  console.log(stats.toString({ all: false, errors: true, warnings: true, assets: true }));
  process.exitCode = stats.hasErrors() || stats.hasWarnings() ? 1 : 0;
  compiler.close(() => {});
});
