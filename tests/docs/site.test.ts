import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readPages, root } from './markdown.ts';

interface CheckedSite {
  readonly pages: number;
  readonly links: number;
  readonly dead: readonly string[];
  readonly searched: readonly string[];
}

const { checkLinks } = (await import(join(root, 'scripts/dead-links.mjs'))) as {
  checkLinks(folder: string): CheckedSite;
};

describe('the site of the documentation', () => {
  let folder: string;
  let site: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'thread-system-site-test-'));
    site = join(folder, 'site');
    execFileSync(process.execPath, ['scripts/docs-site.mjs', site, '--plain'], { cwd: root, stdio: 'pipe' });
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has no dead link', () => {
    const { pages, links, dead } = checkLinks(site);
    expect(dead).toEqual([]);
    expect(pages).toBeGreaterThan(readPages().length);
    expect(links).toBeGreaterThan(pages);
  });

  test('finds each page by its title, and what each sub-path exports', () => {
    const { searched } = checkLinks(site);
    const titles = readPages()
      .filter(({ path }) => path.startsWith('docs/'))
      .map(({ text }) => /^# (.*)$/m.exec(text)?.[1]);
    expect(searched).toEqual(expect.arrayContaining(titles));
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
    const ownEntries = Object.keys(exports).filter((path) => !['./pool-worker', './package.json'].includes(path));
    const modules = ownEntries.map((path) => path.replace('.', 'thread-system'));
    const names = ['ThreadPool', 'Job', 'currentJob', 'prometheusText', 'instrument', 'dashboard', 'ClusterPool'];
    expect(searched).toEqual(expect.arrayContaining([...modules, ...names]));
  });

  test.each([
    ['a page', 'documents/Services.html', 'href="Errors.html"', 'href="Faults.html"'],
    ['an anchor', 'documents/Services.html', 'id="which-status"', 'id="what-status"'],
    ['a reference', 'classes/thread-system.ThreadPool.html', 'interfaces/thread-system.JobOptions.html', 'gone.html'],
    ['an image', 'documents/Dashboard.html', 'src="../media/dashboard.png"', 'src="../media/none.png"'],
  ])('would be found to have a dead link to %s', (_what, page, text, cut) => {
    const markup = readFileSync(join(site, page), 'utf8');
    expect(markup).toContain(text);
    writeFileSync(join(site, page), markup.replaceAll(text, cut));
    const { dead } = checkLinks(site);
    writeFileSync(join(site, page), markup);
    const [file] = page.split('/').slice(-1);
    expect(dead.length).toBeGreaterThan(0);
    expect(dead.filter((link) => !link.startsWith(`${page}: `) && !link.includes(`${file}#`))).toEqual([]);
  });

  test('would be found to have lost a page that its menu names', () => {
    renameSync(join(site, 'documents/Tracing.html'), join(folder, 'Tracing.html'));
    const { dead } = checkLinks(site);
    renameSync(join(folder, 'Tracing.html'), join(site, 'documents/Tracing.html'));
    expect(dead).toContain('assets/navigation.js: documents/Tracing.html');
  });
});
