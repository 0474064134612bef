import { nodeResolve } from '@rollup/plugin-node-resolve';

// biome-ignore lint/style/noDefaultExport: as rollup reads it
export default {
  input: ['src/program.js', 'src/tasks.js'],
  external: /^node:/,
  plugins: [nodeResolve()],
};
