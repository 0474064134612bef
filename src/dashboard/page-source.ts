/** The page, compressed and in base64. Empty in the sources: written by `scripts/bundle-page.mjs`. */
export const PAGE_SOURCE: string = '';
