import { marked } from 'marked';

/** @param {string} markdown */
export const toHtml = (markdown) => marked.parse(markdown);
