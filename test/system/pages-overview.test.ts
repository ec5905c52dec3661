import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { faultsInAllLooks } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import type { User } from '../support/system.ts';
import { trickle } from '../support/trickle.ts';
import { until } from '../support/until.ts';
import { site } from './site.ts';

const HOSTILE = [
  '<img src=x onerror="document.title=1">',
  'abc\u202Efdp.exe',
  'x'.repeat(256),
  '👩‍👩‍👧‍👦'.repeat(10),
  'اسم الغرفة',
];
/** More than the picture shows one by one. */
const MANY = 80;
/** Of the first load of the overview, all of it, gzipped. */
const MAX_BYTES = 100_000;

let browser: Browser;
/** Has `MANY` rooms of both types, with all kinds of names. */
let owner: User;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  [browser, owner] = await Promise.all([launchBrowser(), site.signUp()]);
  const names = [...HOSTILE, ...Array.from({ length: MANY - HOSTILE.length }, (_, index) => `room ${index}`)];
  await Promise.all(
    names.map((name, index) => create(owner, name, index % 3 === 0 ? 'workspaces' : 'documents')),
  );
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
});

afterAll(() => browser.close());

describe('the overview and the list', () => {
  test('pass axe with no rooms and with many, and never run a room’s name', async () => {
    const page = await open(owner);
    for (const path of ['/dashboard', '/dashboard/rooms?q=room+1', '/dashboard/rooms?q=nothing']) {
      await page.goto(`${site.origin}${path}`);
      for (const summary of await page.locator('summary').all()) await summary.click();
      expect(await faultsInAllLooks(page)).toEqual([]);
      expect(await page.title()).toContain('Roomkeeper');
    }
    expect(await faultsInAllLooks(await open(await site.signUp()))).toEqual([]);
  });

  test('load less than 100 kB without layout shifts', async () => {
    for (const width of [320, 1280]) {
      const page = await open(owner, { width });
      const loaded: Promise<number>[] = [];
      page.on('response', (response) => {
        // The request of the sign-in may still be reported.
        if (response.ok()) loaded.push(response.body().then((body) => gzipSync(body).byteLength));
      });
      for (const path of ['/dashboard', '/dashboard/rooms']) {
        await page.goto(`${site.origin}${path}`, { waitUntil: 'networkidle' });
        const shift = await page.evaluate<number>(SUM_OF_SHIFTS);
        expect(shift, `${path} at ${width} px`).toBe(0);
      }
      const bytes = (await Promise.all(loaded)).reduce((sum, next) => sum + next, 0);
      // Of both pages together.
      expect(bytes).toBeGreaterThan(1_000);
      expect(bytes).toBeLessThan(MAX_BYTES);
    }
  });

  test('shift no layout on a slow network', async () => {
    const slow = await trickle(site.origin);
    try {
      for (const width of [320, 768, 1280]) {
        const page = await open(owner, { width });
        for (const path of ['/dashboard', '/dashboard/rooms', '/dashboard/account']) {
          await page.goto(`${slow.origin}${path}`, { waitUntil: 'load' });
          expect(await page.evaluate<number>(SUM_OF_SHIFTS), `${path} at ${width} px`).toBe(0);
        }
      }
    } finally {
      await slow.close();
    }
  });

  test('search during input, and without JavaScript by submitting the form', async () => {
    const page = await open(owner);
    await page.goto(`${site.origin}/dashboard/rooms`);
    const search = page.getByRole('searchbox');
    await search.pressSequentially('ROOM 7');
    // 7, and 70 to 74.
    await page.getByRole('status').getByText('6 rooms').waitFor();
    expect(
      await page
        .getByRole('row')
        .filter({ hasText: /room \d/ })
        .count(),
    ).toBe(6);
    expect(await search.evaluate('document.activeElement?.id')).toBe('q');
    expect(await search.inputValue()).toBe('ROOM 7');
    expect(new URL(page.url()).searchParams.get('q')).toBe('ROOM 7');
    await search.fill('no such room');
    await page.getByRole('link', { name: 'Show all rooms' }).click();
    await page.getByText(`Rooms 1 to 50 of ${MANY}`).first().waitFor();

    const plain = await open(owner, { javaScriptEnabled: false });
    await plain.goto(`${site.origin}/dashboard/rooms`);
    await plain.getByRole('searchbox').fill('room 7');
    await plain.getByRole('button', { name: 'Search' }).click();
    expect(await plain.getByRole('row').filter({ hasText: 'room 71' }).count()).toBe(1);
    await plain.getByRole('link', { name: 'Workspaces' }).click();
    expect(new URL(plain.url()).searchParams.get('q')).toBe('room 7');
    expect(await plain.getByRole('row').filter({ hasText: 'room 71' }).count()).toBe(0);
  });
});

describe('an open page', () => {
  test('shows a new room and keeps focus, scroll and open parts', async () => {
    const user = await site.signUp();
    const page = await open(user);
    await page.clock.install();
    await page.goto(`${site.origin}/dashboard`);
    await page.getByRole('heading', { name: 'No rooms yet' }).waitFor();
    await create(user, 'first', 'documents');
    const link = page.getByRole('region', { name: 'Biggest' }).getByRole('link', { name: 'first' });
    await inSomeSeconds(page, link, 1);

    await page.setViewportSize({ width: 1_280, height: 400 });
    await page.locator('#trend-table > summary').click();
    await link.focus();
    const scrolled = await page.evaluate<number>('scrollTo(0, 300), scrollY');
    expect(scrolled).toBe(300);
    await create(user, 'second', 'workspaces');
    const second = page.getByRole('region', { name: 'Used last' }).getByRole('link', { name: 'second' });
    await inSomeSeconds(page, second, 1);
    expect(await page.evaluate('document.activeElement?.getAttribute("href")')).toBe(
      '/dashboard/documents/first',
    );
    expect(
      await page.evaluate('document.activeElement?.closest("section").getAttribute("aria-labelledby")'),
    ).toBe('biggest-heading');
    expect(await page.locator('#trend-table').getAttribute('open')).not.toBeNull();
    expect(await page.evaluate('scrollY')).toBe(scrolled);

    // And one that goes.
    await request(user, 'first', 'documents', 'DELETE');
    await inSomeSeconds(page, link, 0);
  });

  test('a hidden page does not poll, polls at once when it becomes visible, and gets 304 without changes', async () => {
    const page = await open(await site.signUp());
    await page.clock.install();
    await page.goto(`${site.origin}/dashboard/rooms`);
    const statuses: number[] = [];
    const polls = () => page.waitForResponse((response) => response.url().endsWith('/dashboard/rooms'));
    page.on('request', () => statuses.push(0));
    for (let round = 0; round < 3; round++) {
      const [answer] = await Promise.all([polls(), page.clock.runFor(20_000)]);
      expect(answer.status()).toBe(304);
    }
    statuses.length = 0;
    await page.evaluate(setHidden(true));
    await page.clock.runFor(60 * 60_000);
    expect(statuses).toEqual([]);
    const [answer] = await Promise.all([polls(), page.evaluate(setHidden(false))]);
    // An hour later on its own clock only: for the server nothing has happened.
    expect(answer.status()).toBe(304);
  });

  test.each([-3, 3])(
    'ages follow the server’s clock if the browser’s clock is wrong by %d days',
    async (days) => {
      const user = await site.signUp();
      const page = await open(user);
      await create(user, 'first', 'documents');
      await page.clock.install({ time: Date.now() + days * 86_400_000 });
      await page.goto(`${site.origin}/dashboard`);
      const age = page.getByRole('region', { name: 'Used last' }).locator('time');
      for (let round = 0; round < 4; round++) {
        await page.clock.runFor(5_000);
        expect(await age.textContent()).toMatch(/^(just now|\d+ seconds ago)$/);
      }
      const asOf = Date.parse((await page.locator('time[data-as-of]').getAttribute('datetime')) ?? '');
      expect(Math.abs(asOf - Date.now())).toBeLessThan(60_000);
    },
  );

  test('shows that it is offline, and after a sign-out a link to sign in', async () => {
    const page = await open(await site.signUp());
    await page.clock.install();
    await page.goto(`${site.origin}/dashboard/rooms?sort=createdAt&order=asc`);
    await page.context().setOffline(true);
    await page.getByRole('status').getByText('You are offline').waitFor();
    await page.context().setOffline(false);
    await page.getByText('You are offline').waitFor({ state: 'detached' });
    await page.context().clearCookies();
    await inSomeSeconds(page, page.getByText('You have been signed out.'), 1);
    await page.getByRole('link', { name: 'Sign in again' }).click();
    await page.waitForURL('**/sign-in?next=*');
    expect(new URL(page.url()).searchParams.get('next')).toBe('/dashboard/rooms?sort=createdAt&order=asc');
  });
});

/** Lets the page's own clock go on, as far as it needs to, until N are there: from one poll to the next. */
async function inSomeSeconds(page: Page, locator: Locator, count: number): Promise<void> {
  await until('the page to follow', async () => {
    await page.clock.runFor(4_000);
    return (await locator.count()) === count ? true : undefined;
  });
}

/** Of all that moved without anybody's doing (Layout Instability API). */
const SUM_OF_SHIFTS = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const { value } of list.getEntries()) sum += value; })
    .observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})`;

/** Headless browsers do not hide pages, so the test sets it. */
const setHidden = (hidden: boolean): string => `
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} });
  document.dispatchEvent(new Event('visibilitychange'));`;

/** An empty page in a browser of its own, in which the user is signed in. */
async function open(
  user: User,
  { width = 1_280, javaScriptEnabled = true }: { width?: number; javaScriptEnabled?: boolean } = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, javaScriptEnabled });
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(`${site.origin}/sign-in`);
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard');
  return page;
}

type Folder = 'documents' | 'workspaces';

function create(user: User, name: string, folder: Folder): Promise<void> {
  return request(user, name, folder, 'PUT');
}

async function request(user: User, name: string, folder: Folder, method: 'PUT' | 'DELETE'): Promise<void> {
  const response = await fetch(`${site.origin}/${folder}/${encodeURIComponent(name)}`, {
    method,
    headers: { authorization: `Bearer ${user.token}` },
  });
  if (!response.ok)
    throw new Error(`${method} was answered with ${response.status}: ${await response.text()}`);
}
