import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { type CurrentJob, type Job, ThreadPool } from 'thread-system';
import { type DashboardOptions, dashboard } from 'thread-system/dashboard';
import { TestBrowser } from '../support/browser.ts';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';
import { Served } from './served.ts';

const HOSTILE = '<img src=x onerror="window.hacked = true">';
const ALL: DashboardOptions = { token: 's3cret', actions: ['cancel', 'pause', 'priority', 'retry'], everyMs: 50 };

let browser: TestBrowser;
let pool: ThreadPool;
let others: ThreadPool;
let served: Served | undefined;

beforeAll(async () => {
  browser = await TestBrowser.start();
});
afterAll(() => browser[Symbol.asyncDispose]());
beforeEach(() => {
  browser.complaints.length = 0;
  pool = new ThreadPool({ maxWorkers: 2 });
  others = new ThreadPool({ maxWorkers: 1 });
});
afterEach(async () => {
  await browser.closePages();
  await served?.[Symbol.asyncDispose]();
  await Promise.all([pool.shutdown({ mode: 'abort' }), others.shutdown({ mode: 'abort' })]);
});

async function open(
  options: DashboardOptions = { everyMs: 50 },
  context: Parameters<TestBrowser['open']>[1] = {},
): Promise<Page> {
  served = await Served.at(dashboard({ main: pool, [HOSTILE]: others }, options));
  return browser.open(`${served.url}/`, context);
}

/** Opens the page with all actions, as somebody who has the token. */
async function openWithToken(): Promise<Page> {
  const page = await open(ALL);
  await page.getByLabel('Token').fill('s3cret');
  await page.keyboard.press('Enter');
  await regionOf(page, 'Overview').waitFor();
  browser.complaints.length = 0; // the browser notes that the page was sent with 401
  return page;
}

const regionOf = (page: Page, name: string) => page.getByRole('region', { name, exact: true });
const rowOf = (page: Page, table: string, text: string) =>
  page.getByRole('table', { name: table, exact: true }).locator('tbody tr').filter({ hasText: text });

/** The value of a figure of the overview. */
const figure = (page: Page, name: string) =>
  regionOf(page, 'Overview')
    .locator('div')
    .filter({ has: page.getByText(name, { exact: true }) })
    .locator('dd')
    .last();

/** Evaluates to what is wrong with the landmarks of a page: how many mains, headings and fields outside of all, names that several have. */
const LANDMARKS = `(() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const landmarks = shown('main, nav, section, [role=region]');
  const nameOf = (each) =>
    each.getAttribute('aria-label') ?? document.getElementById(each.getAttribute('aria-labelledby'))?.textContent ?? each.tagName;
  const names = landmarks.map(nameOf);
  return {
    mains: shown('main').length,
    outside: shown('h2, h3, input, table').filter((each) => !each.closest('main, nav')).map((each) => each.outerHTML),
    alike: names.filter((name, index) => names.indexOf(name) !== index),
  };
})()`;

function fail(message: string): () => void {
  return Object.assign(new Function(`throw new Error(${JSON.stringify(message)})`) as () => void, {});
}

test('shows what a pool does, and what it did before', async () => {
  using gate = await occupy(pool, 1, { name: 'long one' });
  const waits = pool.submit(tasks.add, [1, 2], { name: 'later', delayMs: 3_600_000, priority: 4 });
  pool.schedule(tasks.add, [1, 2], { everyMs: 3_600_000, name: 'hourly' });
  const group = pool.group('import');
  group.submit(tasks.add, [1, 2], { delayMs: 3_600_000 }).catch(() => {});
  const page = await open();
  await pool.submit(tasks.fail, ['no such file']).catch(() => {});
  await rowOf(page, 'Running jobs', 'long one').waitFor();
  await rowOf(page, 'The first waiting jobs', 'later').getByText('delay, in 59 min').waitFor();
  await rowOf(page, 'Unsettled jobs by priority', '4').waitFor();
  await rowOf(page, 'Tasks', 'fail').waitFor();
  await rowOf(page, 'Workers', 'busy').waitFor();
  await rowOf(page, 'Schedules', 'hourly').waitFor();
  await rowOf(page, 'Groups', 'import').waitFor();
  expect(await figure(page, 'Failed').textContent()).toBe('1');
  await page.getByText('fail: no such file').click();
  await page.getByText('RangeError: no such file').waitFor();
  const twice = function twice(this: CurrentJob): void {
    throw new Error(this.attempt === 1 ? 'connection lost' : 'gave up');
  };
  await pool.submit(twice, [], { retry: { maxAttempts: 2 } }).catch(() => {});
  await page.getByText('twice: gave up').click();
  await page.getByText(/^Attempt 1, at [\d:.]+ on worker \d, after .*: Error: connection lost$/).click();
  await page.getByLabel('Stack of attempt 1').getByText('Error: connection lost').waitFor();
  expect(await figure(page, 'Failed').textContent()).toBe('2');
  for (const title of ['Throughput', 'Jobs', 'Time waiting', 'Time running'])
    await regionOf(page, title).locator('canvas').waitFor();
  await page.getByRole('img', { name: 'Runs of the last 10 seconds: 1 of 2 workers are busy' }).waitFor();
  gate.open();
  await regionOf(page, 'Running').getByText('No job runs.').waitFor();
  waits.cancel();
  group.cancel();
  expect(browser.complaints).toEqual([]);
});

test('shows nothing of others as anything but text', async () => {
  const evil = Object.defineProperty(fail(HOSTILE), 'name', { value: HOSTILE });
  pool.schedule(tasks.add, [1, 2], { everyMs: 3_600_000, name: HOSTILE });
  const group = pool.group(HOSTILE);
  group.submit(tasks.add, [1, 2], { delayMs: 3_600_000, name: HOSTILE }).catch(() => {});
  const page = await open({ everyMs: 50, show: { args: true } });
  await pool.submit(evil, [], { name: HOSTILE, retry: { maxAttempts: 2 } }).catch(() => {});
  for (const table of ['Tasks', 'Schedules', 'Groups', 'The first waiting jobs'])
    await rowOf(page, table, HOSTILE).waitFor();
  await page.getByText(`${HOSTILE}: ${HOSTILE}`).click();
  await page.getByText(/^Attempt 1, /).click();
  await page.getByRole('navigation').getByRole('button', { name: HOSTILE }).click(); // the other pool
  await page.locator('nav [aria-current=true]').filter({ hasText: HOSTILE }).waitFor();
  expect(await page.evaluate('window.hacked')).toBeUndefined();
  expect(await page.locator('img').count()).toBe(0);
  expect(browser.complaints).toEqual([]);
  group.cancel();
});

describe('somebody with the token', () => {
  test('is asked for it, and told if it is wrong', async () => {
    const page = await open(ALL);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('That token was refused.').waitFor();
    expect(await page.locator('#sections').isVisible()).toBe(false);
    await page.getByLabel('Token').fill('s3cret');
    await page.keyboard.press('Enter');
    await regionOf(page, 'Overview').waitFor();
    await page.reload(); // in the same tab it is known
    await regionOf(page, 'Overview').waitFor();
  });

  test('cancels a running job', async () => {
    const job = pool.submit(
      function spin(this: { throwIfCancelled(): void }): void {
        for (;;) this.throwIfCancelled();
      },
      [],
      { name: 'spinning' },
    );
    const page = await openWithToken();
    await page.getByRole('button', { name: `Cancel job ${job.id}, spinning` }).click();
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    await page.getByText(`Cancel of job ${job.id} (spinning): done`).waitFor();
    expect(browser.complaints).toEqual([]);
  });

  test('gives a waiting job another priority, by the keyboard alone', async () => {
    using gate = await occupy(pool, 2);
    const job = pool.submit(tasks.add, [1, 2], { name: 'urgent' });
    const page = await openWithToken();
    const change = page.getByRole('button', { name: `Change the priority of job ${job.id}, urgent` });
    await change.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('9');
    await page.keyboard.press('Enter');
    await rowOf(page, 'The first waiting jobs', 'urgent').getByRole('cell', { name: '9', exact: true }).waitFor();
    expect(job.priority).toBe(9);
    await page.locator(':focus[aria-label^="Change the priority"]').waitFor(); // where it was before
    gate.open();
    await job;
    expect(browser.complaints).toEqual([]);
  });

  test('pauses and resumes a pool and a schedule', async () => {
    const schedule = pool.schedule(tasks.add, [1, 2], { everyMs: 3_600_000, name: 'hourly' });
    const page = await openWithToken();
    await regionOf(page, 'Overview').getByRole('button', { name: 'Pause' }).click();
    await regionOf(page, 'Overview').getByText('paused', { exact: true }).waitFor();
    expect(pool.state).toBe('paused');
    await regionOf(page, 'Overview').getByRole('button', { name: 'Resume' }).click();
    await regionOf(page, 'Overview').getByText('open', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Pause schedule 1, hourly' }).click();
    await page.getByRole('button', { name: 'Resume schedule 1, hourly' }).waitFor();
    expect(schedule.state).toBe('paused');
    expect(browser.complaints).toEqual([]);
  });

  test('tries a failed call again', async () => {
    const page = await openWithToken();
    await pool.submit(tasks.fail, ['declined'], { name: 'payment' }).catch(() => {});
    await page.getByText('fail: declined').click();
    const again = new Promise<{ readonly job: Job }>((resolve) => {
      void pool.once('jobFailed', (each) => resolve({ job: each as Job }));
    });
    await page.getByRole('button', { name: 'Try again' }).click();
    expect((await again).job.name).toBe('payment');
    await page.getByText('2 × fail: declined').waitFor();
    expect(browser.complaints).toEqual([]);
  });

  test('saves the heap of a worker', async () => {
    await pool.submit(tasks.add, [1, 2]);
    const page = await openWithToken();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Heap snapshot of worker 0' }).click();
    expect((await saved).suggestedFilename()).toBe('main-worker-0.heapsnapshot');
    expect(browser.complaints).toEqual([]);
  });
});

test('somebody without leave to act sees no buttons to do so', async () => {
  using _gate = await occupy(pool);
  const page = await open();
  await rowOf(page, 'Running jobs', 'hold').waitFor();
  expect(await page.getByRole('button', { name: /^Cancel job|^Pause|^Try again|^Change|^Heap/ }).count()).toBe(0);
});

test('the stream is read again when the server is back', async () => {
  const page = await open();
  await page.getByText('Live', { exact: true }).waitFor();
  served?.server.closeAllConnections();
  await page.getByText('Connection lost: trying again').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
});

test('tables are sorted and filtered', async () => {
  for (let count = 0; count < 3; count++) await pool.submit(tasks.add, [1, 2]);
  await pool.submit(tasks.echo, [1]);
  const page = await open();
  const names = () => page.getByRole('table', { name: 'Tasks' }).locator('tbody tr td:first-child').allTextContents();
  await rowOf(page, 'Tasks', 'echo').waitFor();
  expect(await names()).toEqual(['add', 'echo']);
  await page.getByRole('columnheader', { name: 'Task' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Completed' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Completed' }).getByRole('button').click();
  expect(await names()).toEqual(['echo', 'add']);
  expect(await page.getByRole('columnheader', { name: 'Completed' }).getAttribute('aria-sort')).toBe('ascending');
  await page.getByLabel('Filter tasks by name').fill('ADD');
  expect(await names()).toEqual(['add']);
});

describe('the page', () => {
  test.each([320, 390, 768, 1_600])('does not scroll sideways at a width of %d', async (width) => {
    using _gate = await occupy(pool, 2, { name: 'a rather long name of a job that would not fit' });
    const page = await open({ everyMs: 50 }, { viewport: { width, height: 800 } });
    await rowOf(page, 'Running jobs', 'rather long').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  test('is dark or light, as the system is or somebody chooses', async () => {
    const page = await open({ everyMs: 50 }, { colorScheme: 'light' });
    const back = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await back()).toBe('rgb(255, 255, 255)');
    await page.getByRole('button', { name: 'Theme: auto' }).click();
    expect(await back()).toBe('rgb(16, 18, 22)');
    await page.reload();
    await page.getByRole('button', { name: 'Theme: dark' }).click();
    expect(await back()).toBe('rgb(255, 255, 255)');
  });

  test.each(['for a token', 'of a pool'])('%s has what a screen reader goes by', async (which) => {
    pool.schedule(tasks.add, [1, 2], { everyMs: 3_600_000 });
    const page = which === 'of a pool' ? await openWithToken() : await open(ALL);
    await pool.submit(tasks.fail, ['no such file']).catch(() => {});
    if (which === 'of a pool') await page.getByText('fail: no such file').click();
    else await page.getByLabel('Token').waitFor();
    expect(await page.evaluate(LANDMARKS)).toEqual({ mains: 1, outside: [], alike: [] });
    // a name of an element without a role is not read
    const named = '[aria-label]:not([role]):not(button, input, table, nav, progress, section, dialog)';
    expect(await page.locator(named).count()).toBe(0);
    for (const stack of await page.locator('pre:visible').all())
      expect([await stack.getAttribute('tabindex'), await stack.getAttribute('role')]).toEqual(['0', 'group']);
  });

  test('gives every control a name', async () => {
    using _gate = await occupy(pool);
    pool.submit(tasks.add, [1, 2], { delayMs: 3_600_000 }).catch(() => {});
    const page = await openWithToken();
    await rowOf(page, 'The first waiting jobs', 'add').waitFor();
    const controls = page.locator(
      '#sections button, #sections input, #sections canvas.timelines, #sections progress, header button',
    );
    const nameless: string[] = [];
    for (const control of await controls.all()) {
      const name = (await control.getAttribute('aria-label')) ?? (await control.textContent());
      if ((name ?? '').trim() === '') nameless.push(await control.innerHTML());
    }
    expect(await controls.count()).toBeGreaterThan(10);
    expect(nameless).toEqual([]);
  });
});
