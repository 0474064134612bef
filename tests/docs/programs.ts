import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Block, Page } from './markdown.ts';
import { root } from './markdown.ts';

const tsc = createRequire(import.meta.url).resolve('typescript/lib/tsc.js');

/** Longest time that the compiler may take, on a machine that is busy; and a program. */
const COMPILER_MS = 110_000;
const PROGRAM_MS = 30_000;

/**
 * How the code of a page is meant:
 *
 * - a block whose first line is a comment of a file's name, such as `// tasks.ts`, is that file; the page's other blocks may
 *   import it;
 * - a block marked `run` is a program, and one marked `more` goes on with the program above it;
 * - any other block is only compiled. There `pool`, `job`, and `tasks` where the page has a file of that name, are known.
 *
 * A program prints, line by line, what its comments `// prints …` say; where it has none, the `text` block that follows;
 * else nothing. `…` stands for anything.
 */
interface Source {
  /** From the page's folder. */
  readonly file: string;
  readonly text: string;
}

export interface Program extends Source {
  /** Where it stands, e.g. `README.md:34`. */
  readonly name: string;
  readonly expected: readonly string[];
}

export interface Run {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

const EXTENSIONS: Readonly<Record<string, string>> = { ts: 'ts', js: 'js' };

const folderOf = (page: Page): string => page.path.replace(/\.md$/, '').replace(/[\\/]/g, '-');

/** The lines stand in the file where they stand in the page, so that what the compiler says of a line is true of the page. */
const inPlace = (block: Block, before = ''): string => before + '\n'.repeat(block.line) + block.text;

const namedFile = (block: Block): string | undefined =>
  /^\/\/ ([\w-]+\.[cm]?[jt]s)$/m.exec(block.text.split('\n')[0] ?? '')?.[1];

/** What a page's code is in files, and which of them are programs. */
export function extract(page: Page): { readonly sources: Source[]; readonly programs: Program[] } {
  const folder = folderOf(page);
  const sources = new Map<string, Source>();
  const programs: { source: Source; block: Block; expected: string[] }[] = [];
  const names = new Set(page.blocks.map(namedFile));
  const tasks = ['ts', 'js', 'mjs'].find((extension) => names.has(`tasks.${extension}`));
  for (const [index, block] of page.blocks.entries()) {
    const extension = EXTENSIONS[block.language];
    if (extension === undefined) continue;
    const at = `${page.path}:${block.line}`;
    if (block.words.includes('more')) {
      const last = programs.at(-1);
      if (last === undefined) throw new Error(`${at}: there is no program to go on with`);
      const lines = last.source.text.split('\n').length;
      const text = `${last.source.text}${'\n'.repeat(block.line - lines + 1)}${block.text}`;
      last.source = { ...last.source, text };
      last.expected.push(...expectedOf(block, undefined));
      sources.set(last.source.file, last.source);
      continue;
    }
    const isProgram = block.words.includes('run');
    const name = namedFile(block);
    const file = join(folder, name ?? `line-${block.line}.${extension}`);
    if (sources.has(file)) throw new Error(`${at}: another block of the page is ${name}`);
    const isFragment = !isProgram && name === undefined;
    const source = { file, text: isFragment ? fragment(block, tasks) : inPlace(block) };
    sources.set(file, source);
    if (isProgram) programs.push({ source, block, expected: expectedOf(block, page.blocks[index + 1]) });
  }
  return {
    sources: [...sources.values()],
    programs: programs.map(({ source, block, expected }) => ({
      ...source,
      name: `${page.path}:${block.line}`,
      expected,
    })),
  };
}

/** A block that is a part of something: what it leaves out is declared before it. */
function fragment(block: Block, tasks: string | undefined): string {
  const known: [string, string][] = [
    ['pool', `import('thread-system').ThreadPool`],
    ['job', `import('thread-system').Job<number>`],
  ];
  if (tasks !== undefined) {
    const specifier = `./tasks.${tasks.replace('ts', 'js')}`;
    known.push(['tasks', `import('thread-system').TaskModule<typeof import('${specifier}')>`]);
  }
  const missing = known.filter(([name]) => !new RegExp(`\\b(const|let|using|function)\\s+${name}\\b`).test(block.text));
  const declarations = missing.map(([name, type]) => `declare const ${name}: ${type};`);
  // before the block's first line, so that a block without an import is a module too
  return inPlace(block, `export {}; ${declarations.join(' ')}`);
}

function expectedOf(block: Block, next: Block | undefined): string[] {
  const comments = [...block.text.matchAll(/\/\/ prints (.*)$/gm)].map((match) => match[1] ?? '');
  if (comments.length > 0 || next?.language !== 'text') return comments;
  const between = next.line - block.line - block.text.split('\n').length;
  return between <= 3 ? next.text.split('\n') : [];
}

/** Whether a line was printed as the page says, where `…` stands for anything. */
export function isAsExpected(line: string | undefined, expected: string): boolean {
  const pattern = expected.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return line !== undefined && new RegExp(`^${pattern.join('.*')}$`).test(line);
}

/** The code of all pages, compiled: in a folder of the project, where the package finds itself by its own name. */
export class Compilation implements Disposable {
  /** What the compiler says, each line named as in the page; '' when all is well. */
  readonly faults: Promise<string>;
  readonly #folder = mkdtempSync(join(root, 'build', 'docs-'));

  constructor(pages: readonly Page[]) {
    for (const page of pages) {
      for (const { file, text } of extract(page).sources) {
        mkdirSync(join(this.#folder, 'in', folderOf(page)), { recursive: true });
        writeFileSync(join(this.#folder, 'in', file), text);
      }
    }
    const config = {
      extends: join(root, 'tsconfig.json'),
      // es2022: without `await using`, which Node 20 does not read
      compilerOptions: { ...{ noEmit: false, allowImportingTsExtensions: false }, target: 'es2022', ...this.#folders },
      include: ['in'],
      exclude: [],
    };
    writeFileSync(join(this.#folder, 'tsconfig.json'), JSON.stringify(config));
    this.faults = node([tsc, '-p', this.#folder, '--pretty', 'false'], this.#folder, COMPILER_MS).then(
      ({ code, lines }) => (code === null ? `No answer within ${COMPILER_MS} ms` : lines.join('\n')),
    );
  }

  get #folders(): object {
    return { rootDir: 'in', outDir: 'out', allowJs: true, checkJs: false };
  }

  /** Runs a program in a process of its own. */
  async run(program: Program): Promise<Run> {
    await this.faults;
    return node([join(this.#folder, 'out', program.file.replace(/ts$/, 'js'))], this.#folder);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function node(args: readonly string[], cwd: string, timeout = PROGRAM_MS): Promise<Run> {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '' };
    const child = execFile(process.execPath, args, { cwd, timeout, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, lines: stdout === '' ? [] : stdout.trimEnd().split('\n'), stderr }),
    );
  });
}
