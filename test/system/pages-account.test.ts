import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { faultsInAllLooks } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { inRegistry } from '../support/local-databases.ts';
import { connectClient } from '../support/yjs-client.ts';
import { site } from './site.ts';

const ada = { name: 'Ada', email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
const NEW_PASSWORD = 'another horse battery';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

const Token = z.object({ token: z.string() });

let browser: Browser;
let laptop: BrowserContext;
let phone: BrowserContext;

beforeAll(async () => {
  browser = await launchBrowser();
  [laptop, phone] = [await browser.newContext(), await browser.newContext({ userAgent: IPHONE })];
});

afterAll(() => browser.close());

async function open(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${site.origin}${path}`);
  return page;
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

async function signIn(context: BrowserContext, email: string, password: string): Promise<Page> {
  const page = await open(context, '/sign-in');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await press(page, 'Sign in');
  return page;
}

/** A form of the account page, by the heading beside it. */
const setting = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** The tests build on each other, in order. */
describe('the account in a browser', () => {
  test('is created, and every page links to it', async () => {
    const page = await open(laptop, '/sign-up');
    await page.getByLabel('Name').fill(ada.name);
    await page.getByLabel('E-mail').fill(ada.email);
    await page.getByLabel('Password').fill(ada.password);
    await press(page, 'Create account');
    await page.getByRole('link', { name: 'Ada', exact: true }).click();
    await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await page.close();
  });

  test('shows errors next to the input: a wrong password, an address in use', async () => {
    const { email: taken } = await site.signUp();
    const page = await open(laptop, '/dashboard/account');
    const password = setting(page, 'Password');
    await password.getByLabel('Current password').fill('wrong horse battery');
    await password.getByLabel('New password').fill(NEW_PASSWORD);
    await press(page, 'Change password');
    await setting(page, 'Password').getByRole('alert').getByText('The password is wrong.').waitFor();
    await page.locator('#password-password:focus').waitFor();

    const email = setting(page, 'E-mail address');
    await email.getByLabel('New e-mail address').fill(taken);
    await email.getByLabel('Current password').fill(ada.password);
    await press(page, 'Change e-mail address');
    await setting(page, 'E-mail address').getByRole('alert').waitFor();
    expect(await page.getByLabel('New e-mail address').inputValue()).toBe(taken);
    expect(await faultsInAllLooks(page)).toEqual([]);
    await page.close();
  });

  test('can sign out another browser, whose pages show it within seconds', async () => {
    const elsewhere = await signIn(phone, ada.email, ada.password);
    await elsewhere.getByRole('heading', { name: 'Overview', exact: true }).waitFor();
    const page = await open(laptop, '/dashboard/account');
    const session = page.getByRole('listitem').filter({ hasText: 'Safari on iPhone' });
    await session.getByRole('button').click();
    await page.getByText('The session is signed out.').waitFor();
    expect(await page.getByText('Safari on iPhone').count()).toBe(0);
    await elsewhere.getByText('You have been signed out.').waitFor();
    await elsewhere.getByRole('link', { name: 'Sign in again' }).click();
    expect(new URL(elsewhere.url()).pathname).toBe('/sign-in');
    await Promise.all([page.close(), elsewhere.close()]);
  });

  test('updates its list of sessions, and a new password ends all other sessions', async () => {
    const page = await open(laptop, '/dashboard/account');
    const elsewhere = await signIn(phone, ada.email, ada.password);
    await page.getByText('Safari on iPhone').waitFor();
    const password = setting(page, 'Password');
    await password.getByLabel('Current password').fill(ada.password);
    await password.getByLabel('New password').fill(NEW_PASSWORD);
    await press(page, 'Change password');
    await page.getByText('Your password is changed. All other sessions were signed out.').waitFor();
    await elsewhere.goto(`${site.origin}/dashboard/account`);
    expect(new URL(elsewhere.url()).pathname).toBe('/sign-in');
    await Promise.all([page.close(), elsewhere.close()]);
  });

  test('returns to the page after a session ended during an action', async () => {
    const page = await open(laptop, '/dashboard/account');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Countess');
    const other = await open(laptop, '/dashboard');
    await press(other, 'Sign out');
    await press(page, 'Change name');
    await page.getByRole('alert').getByText('You were signed out. Nothing was changed.').waitFor();
    await page.getByLabel('E-mail').fill(ada.email);
    await page.getByLabel('Password').fill(NEW_PASSWORD);
    await press(page, 'Sign in');
    await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/dashboard/account');
    await Promise.all([page.close(), other.close()]);
  });

  test('is deleted with its rooms, with progress, and cannot sign in again', async () => {
    const token = await open(laptop, '/api/auth/token');
    const { token: jwt } = Token.parse(JSON.parse(await token.locator('body').innerText()));
    for (const name of ['one', 'two']) {
      const client = await connectClient(`${site.wsOrigin}/documents`, name, jwt);
      client.insert(0, 'Milk');
      await client.reads('Milk');
      client.leave();
    }
    const page = await open(laptop, '/dashboard/account');
    await page.getByRole('link', { name: 'Delete account…' }).click();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await page.getByLabel('Your e-mail address, to confirm').fill('somebody@example.com');
    await page.getByLabel('Your password').fill(NEW_PASSWORD);
    await press(page, 'Delete account and all rooms');
    await page.getByText('This is not the e-mail address of the account. Type it again.').waitFor();
    await page.getByLabel('Your e-mail address, to confirm').fill(ada.email);
    await page.getByLabel('Your password').fill(NEW_PASSWORD);
    await press(page, 'Delete account and all rooms');
    await page.waitForURL('**/erasure/*');
    await page.getByRole('heading', { name: 'Your account is erased' }).waitFor();
    await page.getByText('2 rooms erased.').waitFor();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await page.close();

    const again = await signIn(laptop, ada.email, NEW_PASSWORD);
    await again.getByText('The e-mail address or the password is wrong.').waitFor();
    await again.goto(`${site.origin}/dashboard`);
    expect(new URL(again.url()).pathname).toBe('/sign-in');
    await Promise.all([again.close(), token.close()]);
  });
});

describe('the pages for operators in a browser', () => {
  test('the pages for operators show rankings, the status and erasures', async () => {
    const operator = await site.signUp();
    const role = `UPDATE user SET role = 'admin' WHERE email = '${operator.email}' RETURNING id`;
    expect(await inRegistry(inject('siteFolder'), role)).toHaveLength(1);
    const page = await signIn(phone, operator.email, operator.password);
    await page.getByRole('link', { name: 'Operators' }).click();
    await page.getByRole('heading', { name: 'Status', exact: true }).waitFor();
    const faults = await faultsInAllLooks(page);
    // Nothing is erased here but by the story above, and by others at the same time.
    await setting(page, 'Latest erasures').getByRole('link').first().click();
    await page.getByRole('heading', { name: 'Steps' }).waitFor();
    faults.push(...(await faultsInAllLooks(page)));
    for (const [link, heading] of [
      ['Users', 'Users by storage'],
      ['All rooms', 'Rooms by storage'],
      ['Erasures', 'Erasures'],
    ] as const) {
      await page
        .getByRole('navigation', { name: 'Pages for operators' })
        .getByRole('link', { name: link })
        .click();
      await page.getByRole('heading', { name: heading }).waitFor();
      faults.push(...(await faultsInAllLooks(page)));
    }
    await page.goto(`${site.origin}/dashboard/operators/users`);
    const first = page.getByRole('table').getByRole('link').first();
    if ((await first.count()) > 0) {
      await first.click();
      await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
      faults.push(...(await faultsInAllLooks(page)));
    }
    expect(faults).toEqual([]);
    await page.close();
  });

  test('show a row in at most three lines on a phone, and truncate long names', async () => {
    const operator = await site.signUp();
    const role = `UPDATE user SET role = 'admin', name = 'A name ' || hex(zeroblob(60)) WHERE email = '${operator.email}' RETURNING id`;
    expect(await inRegistry(inject('siteFolder'), role)).toHaveLength(1);
    for (const name of ['x'.repeat(256), 'short'])
      await fetch(`${site.origin}/documents/${name}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${operator.token}` },
      });
    await phone.clearCookies();
    const page = await signIn(phone, operator.email, operator.password);
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of ['users', 'rooms', 'erasures']) {
      await page.goto(`${site.origin}/dashboard/operators/${path}`);
      await page.getByRole('table').waitFor();
      const lines = await page.evaluate<number[]>(LINES_OF_ROWS);
      expect(lines.length, path).toBeGreaterThan(0);
      expect(Math.max(...lines), path).toBeLessThanOrEqual(3);
    }
    await page.close();
  });
});

/** How many different heights the texts of each row of the table stand at. */
const LINES_OF_ROWS = `[...document.querySelectorAll('.data-table tbody tr')].map((row) => {
  const ends = [...row.children].filter((cell) => cell.offsetHeight > 0).flatMap((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return [...range.getClientRects()].map(({ bottom }) => bottom);
  });
  // Letters of different sizes on one line end some pixels apart.
  return ends.toSorted((one, other) => one - other).filter((end, at, all) => at === 0 || end - all[at - 1] > 8).length;
})`;
