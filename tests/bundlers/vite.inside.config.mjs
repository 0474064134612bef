import config from './vite.config.mjs';

// biome-ignore lint/style/noDefaultExport: as Vite reads it
export default { ...config, ssr: { noExternal: true } };
