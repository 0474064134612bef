// Finds dead links in a static site that typedoc has made: in its pages, its navigation and its search.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { inflateSync } from 'node:zlib';

const MENUS = ['assets/search.js', 'assets/navigation.js'];

/**
 * Follows all links within the site in `folder`: to pages, to anchors in them, to images and other files. Returns how many pages and
 * links there are, the dead ones as `page: link`, and the names that the search finds. Links to other sites are not followed.
 */
export function checkLinks(folder) {
  const names = readdirSync(folder, { recursive: true }).map((name) => name.replaceAll('\\', '/'));
  const files = new Set(names.filter((name) => statSync(join(folder, name)).isFile()));
  const markup = [...files].filter((name) => /\.(html|svg)$/.test(name));
  const attributes = new Map(markup.map((name) => [name, readAttributes(join(folder, name))]));
  const dead = [];
  let links = 0;
  const follow = (from, base, link) => {
    if (/^[a-z]+:/i.test(link)) return;
    links++;
    const [path, anchor] = link.split('#');
    const named = path === '' ? from : posix.join(base, decodeURI(path));
    const file = /(^\.|\/)$/.test(named) ? posix.join(named, 'index.html') : named; // a folder's page, as servers send it
    const isThere = files.has(file) && (!anchor || attributes.get(file)?.ids.has(decodeURIComponent(anchor)));
    if (!isThere) dead.push(`${from}: ${link}`);
  };
  for (const [name, { targets }] of attributes) for (const link of targets) follow(name, posix.dirname(name), link);
  const [searched, navigation] = MENUS.map((name) => readMenu(join(folder, name)));
  for (const { url } of searched) follow(MENUS[0], '.', url);
  for (const { url } of navigation) follow(MENUS[1], '.', url);
  const pages = markup.filter((name) => name.endsWith('.html')).length;
  return { pages, links, dead, searched: searched.map(({ name }) => name) };
}

/** The attributes of a file's elements that make links and anchors. In text typedoc escapes quotes. */
function readAttributes(file) {
  const ids = new Set();
  const targets = [];
  for (const [, name, value] of readFileSync(file, 'utf8').matchAll(/\s(href|src|id)="([^"]*)"/g)) {
    const text = value.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
    if (name === 'id') ids.add(text);
    else targets.push(text);
  }
  return { ids, targets };
}

/** The entries of a menu, which the site holds compressed: their names, and where they lead from its root. */
function readMenu(file) {
  const [, base64] = /"([^"]*)"/.exec(readFileSync(file, 'utf8'));
  const data = JSON.parse(inflateSync(Buffer.from(base64, 'base64')).toString());
  return entriesOf(data.rows ?? data);
}

function entriesOf(entries) {
  return entries.flatMap(({ text, name = text, path, url = path, children = [] }) => {
    const below = entriesOf(children);
    return url === undefined ? below : [{ name, url }, ...below]; // a group leads nowhere
  });
}
