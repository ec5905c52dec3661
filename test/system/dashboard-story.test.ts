import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type AppServer, serveBrowserApp } from '../support/app-server.ts';
import { faultsInAllLooks } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { site } from './site.ts';

const ada = { name: 'Ada', email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
const ROOM = 'Shopping 🛒 <list>';
const Token = z.object({ token: z.string() });

const LOOKS = {
  desktop: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
} as const;

let apps: AppServer;
let browser: Browser;

beforeAll(async () => {
  [apps, browser] = await Promise.all([serveBrowserApp(), launchBrowser()]);
});

afterAll(async () => {
  await browser.close();
  await apps.close();
});

test.concurrent.each(['desktop', 'phone'] as const)(
  'on a %s a user signs up, edits in two tabs, restores a version, deletes the room and the account',
  async (device) => {
    const context = await browser.newContext(LOOKS[device]);
    const user = { ...ada, email: `${device}-${ada.email}` };

    const overview = await open(context, '/dashboard');
    await overview.getByRole('link', { name: 'Create an account' }).click();
    await overview.getByLabel('Name').fill(user.name);
    await overview.getByLabel('E-mail').fill(user.email);
    await overview.getByLabel('Password').fill(user.password);
    await press(overview, 'Create account');
    await overview.getByRole('heading', { name: 'No rooms yet' }).waitFor();

    // Two tabs of an app elsewhere.
    const token = await readToken(context);
    const [one, other] = [await openApp(context, token), await openApp(context, token)];
    await type(one, 'Milk. ');
    await reads(other, 'Milk. ');
    await type(other, 'Bread. ');
    await reads(one, 'Milk. Bread. ');

    // The open overview learns of the room and then of its size: when the app is left, or some time after an edit.
    await Promise.all([one.close(), other.close()]);
    await overview.getByRole('link', { name: ROOM }).first().waitFor();
    const stored = await until('the size', async () => (await storedBytes(overview)) || undefined);
    expect(await trendToday(overview)).toBe(stored);

    // It grows, and total and trend with it.
    const again = await openApp(context, token);
    await reads(again, 'Milk. Bread. ');
    await type(again, 'x'.repeat(20_000));
    await again.close();
    const grown = await until('a larger size', async () => {
      const bytes = await storedBytes(overview);
      return bytes > stored ? bytes : undefined;
    });
    expect(await trendToday(overview)).toBe(grown);

    // The biggest room is found on the overview; a version of it kept, and brought back.
    const room = overview;
    await room.getByRole('link', { name: ROOM }).first().click();
    await room.getByText('Live', { exact: true }).waitFor();
    await room.getByLabel('Keep the current content as a version').fill('all of it');
    await press(room, 'Keep version');
    await room.getByText('The version is created.').waitFor();
    const writer = await openApp(context, token);
    await reads(writer, `Milk. Bread. ${'x'.repeat(20_000)}`);
    await type(writer, 'Oops.');
    // As the page counts them: it shows the beginning of a long text.
    await room.getByText('20,018 characters').waitFor();
    await room.getByRole('link', { name: 'all of it', exact: true }).click();
    await room.getByRole('link', { name: 'Restore…' }).click();
    await press(room, 'Restore it');
    await room.getByText('The version is restored').waitFor();
    await reads(writer, `Milk. Bread. ${'x'.repeat(20_000)}`);

    // The room goes, for the app too; and the figures follow.
    await room.getByRole('link', { name: 'Delete…' }).click();
    await room.getByLabel('Type the room’s name to confirm').fill(ROOM);
    await press(room, 'Delete the document');
    await room.getByText('The room and its content are deleted').waitFor();
    await writer.getByText('closed 4410').waitFor();
    await writer.close();
    await room.goto(`${site.origin}/dashboard`);
    await room.getByRole('heading', { name: 'No rooms yet' }).waitFor();

    await room.goto(`${site.origin}/dashboard/account`);
    await room.getByRole('link', { name: 'Delete account…' }).click();
    await room.getByLabel('Your e-mail address, to confirm').fill(user.email);
    await room.getByLabel('Your password').fill(user.password);
    await press(room, 'Delete account and all rooms');
    await room.getByRole('heading', { name: 'Your account is erased' }).waitFor();
    await room.goto(`${site.origin}/dashboard`);
    expect(new URL(room.url()).pathname).toBe('/sign-in');
    await context.close();
  },
);

test('axe finds no fault on pages without a session and on the 404 page', async () => {
  const context = await browser.newContext();
  const page = await open(context, '/sign-in');
  const faults = await faultsInAllLooks(page);
  await page.getByLabel('E-mail').fill(ada.email);
  await page.getByLabel('Password').fill('not her password');
  await press(page, 'Sign in');
  await page.getByRole('alert').waitFor();
  faults.push(...(await faultsInAllLooks(page)));
  for (const path of ['/sign-up', '/dashboard/nothing', '/erasure/nothing']) {
    await page.goto(`${site.origin}${path}`);
    faults.push(...(await faultsInAllLooks(page)));
  }
  expect(faults).toEqual([]);
  await context.close();
});

async function open(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.origin}${path}`);
  return page;
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function readToken(context: BrowserContext): Promise<string> {
  const page = await open(context, '/api/auth/token');
  const { token } = Token.parse(JSON.parse(await page.locator('body').innerText()));
  await page.close();
  return token;
}

async function openApp(context: BrowserContext, token: string): Promise<Page> {
  const target = { server: `${site.wsOrigin}/documents`, room: ROOM, token };
  const page = await context.newPage();
  await page.goto(`${apps.origin}/#${encodeURIComponent(JSON.stringify(target))}`);
  await page.getByText('synced', { exact: true }).waitFor();
  return page;
}

/** At the end of the text, as one edit. */
async function type(app: Page, text: string): Promise<void> {
  await app.getByRole('textbox').focus();
  await app.keyboard.insertText(text);
}

async function reads(app: Page, text: string): Promise<void> {
  await until(`a text of ${text.length} characters in the app`, async () =>
    (await app.getByRole('textbox').inputValue()) === text ? true : undefined,
  );
}

/** What the overview says is stored in all. */
async function storedBytes(overview: Page): Promise<number> {
  const value = overview.locator('.figure').filter({ hasText: 'Stored' }).locator('data').first();
  return (await value.count()) === 0 ? 0 : Number(await value.getAttribute('value'));
}

/** What the trend's table says of today. */
async function trendToday(overview: Page): Promise<number> {
  const trend = overview.getByRole('region', { name: 'Last 30 days' });
  return Number(await trend.locator('table data').last().getAttribute('value'));
}
