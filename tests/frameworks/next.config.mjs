// As docs/getting-started.md says under "Bundlers".
// biome-ignore lint/style/noDefaultExport: as Next takes it
export default {
  distDir: process.env.DIST_DIR,
  output: 'standalone',
  serverExternalPackages: ['thread-system'],
  // task modules with what they import; Turbopack finds the library by itself
  outputFileTracingIncludes: { '/api/job': ['./tasks.js', './greeting.js', './node_modules/thread-system/**'] },
};
