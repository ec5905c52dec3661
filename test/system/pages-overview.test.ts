import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsInAllLooks } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import type { User } from '../support/system.ts';
import { site } from './site.ts';

let browser: Browser;
let user: User;

beforeAll(async () => {
  [browser, user] = await Promise.all([launchBrowser(), site.signUp()]);
});

afterAll(() => browser.close());

describe('the overview and the list', () => {
  test.each(['/dashboard', '/dashboard/rooms'])(
    'without rooms have no fault that axe finds: %s',
    async (path) => {
      const page = await signedIn();
      await page.goto(`${site.origin}${path}`);
      expect(await faultsInAllLooks(page)).toEqual([]);
      await page.close();
    },
  );
});

/** A page in a browser of its own, in which the user has signed in. */
async function signedIn(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${site.origin}/sign-in`);
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard');
  return page;
}
