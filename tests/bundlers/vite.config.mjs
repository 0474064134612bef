// biome-ignore lint/style/noDefaultExport: as Vite reads it
export default {
  build: { ssr: true, rollupOptions: { input: ['src/program.js', 'src/tasks.js'] } },
};
