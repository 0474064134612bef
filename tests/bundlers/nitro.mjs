// Builds a server by Nitro. Usage: node nitro.mjs <folder>
import { resolve } from 'node:path';
import { build, createNitro, prepare } from 'nitropack';

const library = 'node_modules/thread-system/dist';
const nitro = await createNitro({
  compatibilityDate: '2025-01-01',
  preset: 'node-server',
  handlers: [{ route: '/', handler: './src/handler.js' }],
  output: { dir: resolve(process.argv[2]) },
  externals: { traceInclude: ['worker.js', 'pool-worker.cjs', 'pool-process.mjs'].map((name) => `${library}/${name}`) },
});
await prepare(nitro);
await build(nitro);
await nitro.close();
