import { minify } from 'terser';

/** @param {string} source */
export const minified = async (source) => (await minify(source, { module: true })).code;
