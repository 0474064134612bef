import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** What follows the fence: the language, then words for the tests, such as `run`. */
  readonly language: string;
  readonly words: readonly string[];
  readonly text: string;
  /** The line of the page on which its text begins, from 0. */
  readonly line: number;
}

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** A page of the documentation. */
export interface Page {
  /** From the root of the project. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
  /** What a link may name after its `#`. */
  readonly anchors: ReadonlySet<string>;
}

/** Every page that users read: those at the root, in docs/ and in examples/. */
export function readPages(): Page[] {
  const paths = readdirSync(root).filter((name) => name.endsWith('.md'));
  for (const folder of ['docs', 'examples']) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.md') && !name.includes('node_modules')) paths.push(join(folder, name));
    }
  }
  return paths.sort().map((path) => parse(path, readFileSync(join(root, path), 'utf8')));
}

const FENCE = /^(```+)(\S*)\s*(.*)$/;

function parse(path: string, text: string): Page {
  const blocks: Block[] = [];
  const links: Link[] = [];
  const headings: string[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const fence = FENCE.exec(line);
    if (fence === null) {
      const heading = /^#{1,6}\s+(.*)$/.exec(line)?.[1];
      if (heading !== undefined) headings.push(heading);
      links.push(...linksOf(line, i));
      continue;
    }
    const [, marks = '', language = '', words = ''] = fence;
    const start = i + 1;
    do i++;
    while (i < lines.length && lines[i]?.trimEnd() !== marks);
    if (i === lines.length) throw new Error(`${path}:${start}: the block has no end`);
    const block = lines.slice(start, i).join('\n');
    blocks.push({ language, words: words.split(' ').filter(Boolean), text: block, line: start });
  }
  return { path, text, blocks, links, anchors: anchorsOf(headings) };
}

function linksOf(line: string, number: number): Link[] {
  const prose = line.replace(/`[^`]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/g)];
  return targets.map((match) => ({ target: match[1] ?? '', line: number + 1 }));
}

/** The anchors of headings, as GitHub makes them. */
function anchorsOf(headings: readonly string[]): Set<string> {
  const anchors = new Set<string>();
  const used = new Map<string, number>();
  for (const heading of headings) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = text
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    const count = used.get(slug) ?? 0;
    used.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}
