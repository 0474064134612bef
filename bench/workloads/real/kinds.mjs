// The work that the packages of real programs do, on files of this repository.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pdfOf } from './pdf.mjs';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
const terser = fileURLToPath(new URL('../../node_modules/terser/lib/', import.meta.url));
/** Not the page that the benchmark writes: it differs from run to run. */
const pages = readdirSync(docs).filter((name) => name.endsWith('.md') && name !== 'benchmarks.md');

/**
 * @typedef {object} Kind
 * @property {string} name of the package, and of the file of its task.
 * @property {string} task
 * @property {string} workload
 * @property {boolean} [isNative] whether it has a build for each platform, which may be missing.
 * @property {() => Inputs | Promise<Inputs>} prepare what the jobs of a batch take.
 */

/**
 * @typedef {object} Inputs
 * @property {readonly unknown[]} inputs
 * @property {string} note
 * @property {() => void} [dispose]
 */

/** @type {readonly Kind[]} */
export const kinds = [
  {
    name: 'acorn',
    task: 'parseFile',
    workload: 'acorn: parses a source file',
    prepare() {
      const inputs = sourcesOf(terser).map((path) => join(terser, path));
      return { inputs, note: `The ${inputs.length} source files of terser, which the jobs read.` };
    },
  },
  {
    name: 'terser',
    task: 'minified',
    workload: 'terser: minifies a source file',
    prepare() {
      const sources = sourcesOf(terser).map((path) => readFileSync(join(terser, path), 'utf8'));
      const inputs = sources.filter(({ length }) => length < 12_000);
      return {
        inputs,
        note: `The ${inputs.length} source files of terser that are shorter than 12 KB; source in and out.`,
      };
    },
  },
  {
    name: 'marked',
    task: 'toHtml',
    workload: 'marked: Markdown to HTML',
    prepare() {
      const inputs = pages.map((page) => readFileSync(join(docs, page), 'utf8'));
      return { inputs, note: `The ${inputs.length} other pages of this documentation; text in and out.` };
    },
  },
  {
    name: 'pngjs',
    task: 'inverted',
    workload: 'pngjs: decodes a picture and encodes it again',
    async prepare() {
      const inputs = await tilesOf('dashboard.png', 240);
      return {
        inputs,
        note: `${inputs.length} pictures of 240 x 240, cut from the one of the dashboard; bytes in and out.`,
      };
    },
  },
  {
    name: 'bcryptjs',
    task: 'hash',
    workload: 'bcryptjs: hashes a password',
    prepare() {
      const salt = '$2b$06$abcdefghijklmnopqrstuu';
      const inputs = Array.from({ length: 30 }, (_, index) => ({ password: `correct horse ${index}`, salt }));
      return { inputs, note: `${inputs.length} passwords, of cost 6.` };
    },
  },
  {
    name: 'sharp',
    task: 'thumbnail',
    isNative: true,
    workload: 'sharp: resizes a picture',
    prepare() {
      const picture = new Uint8Array(readFileSync(join(docs, 'dashboard.png')));
      const inputs = new Array(12).fill(picture);
      return {
        inputs,
        note: `${inputs.length} times the picture of the dashboard to 320 pixels, each with one thread; bytes in and out.`,
      };
    },
  },
  {
    name: 'better-sqlite3',
    task: 'ordersOf',
    isNative: true,
    workload: 'better-sqlite3: reads from a database',
    async prepare() {
      const { default: Database } = await import('better-sqlite3');
      const folder = mkdtempSync(join(tmpdir(), 'bench-'));
      const path = join(folder, 'orders.db');
      fillOrders(new Database(path));
      const inputs = Array.from({ length: 400 }, (_, index) => ({ path, customer: index % 100 }));
      return {
        inputs,
        note: `${inputs.length} queries of 20 rows and their sum, by an index of 50,000 rows; each thread has a connection.`,
        dispose: () => rmSync(folder, { recursive: true }),
      };
    },
  },
  {
    name: 'unpdf',
    task: 'textOf',
    workload: 'unpdf: the text of a PDF',
    prepare() {
      const inputs = pages.map((page) => pdfOf(readFileSync(join(docs, page), 'utf8'), 2));
      return {
        inputs,
        note: `The first two pages of each of the ${inputs.length} other pages of this documentation, set as PDF; bytes in, text out.`,
      };
    },
  },
];

function sourcesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith('.js'))
    .sort();
}

/** Cuts a picture into squares. */
async function tilesOf(file, size) {
  const { PNG } = await import('pngjs');
  const whole = PNG.sync.read(readFileSync(join(docs, file)));
  const tiles = [];
  for (let top = 0; top + size <= whole.height; top += size)
    for (let left = 0; left + size <= whole.width; left += size) {
      const tile = new PNG({ width: size, height: size });
      PNG.bitblt(whole, tile, left, top, size, size, 0, 0);
      tiles.push(new Uint8Array(PNG.sync.write(tile)));
    }
  return tiles;
}

function fillOrders(database) {
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, amount INTEGER, note TEXT)');
  const insert = database.prepare('INSERT INTO orders VALUES (?, ?, ?, ?)');
  database.transaction(() => {
    for (let id = 0; id < 50_000; id++) insert.run(id, id % 100, (id * 7919) % 10_007, `order ${id} of the list`);
  })();
  database.exec('CREATE INDEX by_customer ON orders (customer)');
  database.close();
}
