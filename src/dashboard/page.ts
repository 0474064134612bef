import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { brotliDecompressSync } from 'node:zlib';
import { PAGE_SOURCE } from './page-source.js';

/** What the page finds at the place of this in its text. */
const NEEDS_TOKEN = '"NEEDS_TOKEN"';

/** The page: one file, with its code and styles in it. It requests nothing from other servers. */
export class Page {
  readonly #html: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param needsToken whether the page has to ask for a token before it can read anything. */
  constructor({ needsToken }: { readonly needsToken: boolean }) {
    const source = brotliDecompressSync(Buffer.from(PAGE_SOURCE, 'base64')).toString();
    this.#html = source.replace(NEEDS_TOKEN, `"${needsToken}"`);
    this.#headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': [
        "default-src 'none'",
        `script-src ${hashIn(this.#html, 'script')}`,
        `style-src ${hashIn(this.#html, 'style')}`,
        "connect-src 'self'",
        'img-src data:',
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    };
  }

  send(response: ServerResponse, status: 200 | 401, headers: Readonly<Record<string, string>> = {}): void {
    response.writeHead(status, { ...this.#headers, ...headers }).end(this.#html);
  }
}

/** The digest of the only element with a tag name, by which a browser recognizes that the element is allowed. */
function hashIn(html: string, name: 'script' | 'style'): string {
  const text = html.slice(html.indexOf('>', html.indexOf(`<${name}`)) + 1, html.indexOf(`</${name}>`));
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
