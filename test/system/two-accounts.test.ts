import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { type AppServer, serveScript } from '../support/app-server.ts';
import { launchBrowser } from '../support/browser.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { bundleConnectPage, bundleOfflinePage } from '../support/doc-programs.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from './site.ts';

/** Longer than two tabs of one browser take to exchange an edit, which takes milliseconds. */
const EXCHANGE_MS = 1_000;
/** The password in the program of docs/guide/build-an-app.md. */
const PROGRAM_PASSWORD = 'a good password';

let folder: string;
let system: System;
let connectApp: AppServer;
let offlineApp: AppServer;
let browser: Browser;

beforeAll(async () => {
  folder = await migratedFolder();
  connectApp = await serveScript(await bundleConnectPage());
  offlineApp = await serveScript(await bundleOfflinePage());
  const TRUSTED_ORIGINS = `${connectApp.origin},${offlineApp.origin}`;
  [system, browser] = await Promise.all([
    startSystem({ persistTo: folder, mirror: false, env: { TRUSTED_ORIGINS } }),
    launchBrowser(),
  ]);
});

afterAll(async () => {
  await browser.close();
  await Promise.all([connectApp.close(), offlineApp.close()]);
  await killLeftovers();
  await removeFolder(folder);
});

describe('two accounts in one browser, with the program of the guide', () => {
  test('exchange nothing in rooms with the same name', async () => {
    const profile = await browser.newContext();
    const [ada, ben] = [`${randomUUID()}@example.com`, `${randomUUID()}@example.com`];
    const adas = await openConnectPage(profile, ada);
    await type(adas, 'of Ada. ');
    const bens = await openConnectPage(profile, ben);
    await type(bens, 'of Ben. ');
    await type(adas, 'More. ');
    await bens.waitForTimeout(EXCHANGE_MS);

    expect([await shown(adas), await shown(bens)]).toEqual(['of Ada. More. ', 'of Ben. ']);
    await storedText(await signIn(ada), 'of Ada. More. ');
    await storedText(await signIn(ben), 'of Ben. ');

    // The channel is the account's own: tabs of one account still meet.
    const second = await openConnectPage(profile, ben);
    await type(second, 'And more. ');
    await until('the other tab of the account', async () =>
      (await shown(bens)) === 'of Ben. And more. ' ? true : undefined,
    );
    await profile.close();
  });

  test('keep unsent edits and exchange nothing after one signed out', async () => {
    const profile = await browser.newContext();
    const ada = `${randomUUID()}@example.com`;
    const adas = await openConnectPage(profile, ada);
    await type(adas, 'stored ');
    const token = await signIn(ada);
    await storedText(token, 'stored ');
    await endSessions(token);
    await adas.getByText('closed 4401').waitFor();
    await type(adas, 'not sent');
    const listens = () => adas.evaluate(`app.provider.bcconnected`);
    await until('the tab to leave the channel', async () => ((await listens()) === false ? true : undefined));
    expect(await shown(adas)).toBe('stored not sent');
    await storedText(await signIn(ada), 'stored ');
    await profile.close();
  });
});

describe('two accounts in one browser, with the program that keeps documents offline', () => {
  test('never see each other’s text, and keep unsent edits', async () => {
    const profile = await browser.newContext();
    const [ada, ben] = [await system.signUp(), await system.signUp()];
    const first = await openOfflinePage(profile, ada);
    await type(first, 'stored ');
    await storedText(ada.token, 'stored ');
    await first.evaluate(`app.provider.disconnect()`);
    await type(first, 'not sent');
    // y-indexeddb stores each edit at once, without saying when it is done.
    await first.waitForTimeout(EXCHANGE_MS);
    await first.close();

    const bens = await openOfflinePage(profile, ben);
    expect(await shown(bens)).toBe('');
    await type(bens, 'of Ben');
    await storedText(ben.token, 'of Ben');
    expect(await shown(bens)).toBe('of Ben');
    await storedText(ada.token, 'stored ');
    await bens.close();

    const again = await openOfflinePage(profile, ada);
    expect(await shown(again)).toBe('stored not sent');
    await storedText(ada.token, 'stored not sent');
    await storedText(ben.token, 'of Ben');
    await profile.close();
  });

  test('delete the copy of a deleted document only after the user confirms', async () => {
    const profile = await browser.newContext();
    const ada = await system.signUp();
    const page = await openOfflinePage(profile, ada);
    await type(page, 'stored');
    await storedText(ada.token, 'stored');
    const asked = page.waitForEvent('dialog');
    await call('DELETE', ada.token);
    const question = await asked;
    expect(question.message()).toContain('document was deleted');
    await question.dismiss();
    await page.close();

    const later = await profile.newPage();
    const askedAgain = later.waitForEvent('dialog');
    await later.goto(offlinePageUrl(ada));
    const again = await askedAgain;
    await again.accept();
    await until('the copy to be deleted', async () => {
      const caches = z.array(z.unknown()).parse(await later.evaluate(`indexedDB.databases()`));
      return caches.length === 0 ? true : undefined;
    });
    await profile.close();
  });

  test('keep the copy of a replaced document, and send it after the user confirms', async () => {
    const profile = await browser.newContext();
    const ada = await system.signUp();
    const page = await openOfflinePage(profile, ada);
    await type(page, 'stored ');
    await storedText(ada.token, 'stored ');
    await page.evaluate(`app.provider.disconnect()`);
    await type(page, 'not sent');
    expect(await shown(page)).toBe('stored not sent');
    await call('DELETE', ada.token);
    await call('PUT', ada.token);
    const asked = page.waitForEvent('dialog');
    await page.evaluate(`app.provider.connect()`);
    const question = await asked;
    expect(question.message()).toContain('Send your copy');
    await storedText(ada.token, '');
    await question.accept();
    await storedText(ada.token, 'stored not sent');
    await profile.close();
  });
});

async function openConnectPage(profile: BrowserContext, email: string): Promise<Page> {
  const page = await profile.newPage();
  const target = { origin: system.origin, email };
  await page.goto(`${connectApp.origin}/#${encodeURIComponent(JSON.stringify(target))}`);
  await page.getByText('synced', { exact: true }).waitFor();
  return page;
}

const offlinePageUrl = (user: User): string => {
  const target = { origin: system.origin, name: 'notes', token: user.jwt };
  return `${offlineApp.origin}/#${encodeURIComponent(JSON.stringify(target))}`;
};

async function openOfflinePage(profile: BrowserContext, user: User): Promise<Page> {
  const page = await profile.newPage();
  await page.goto(offlinePageUrl(user));
  await page.getByText('synced', { exact: true }).waitFor();
  return page;
}

async function type(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox').pressSequentially(text);
}

const shown = (page: Page): Promise<string> => page.getByRole('textbox').inputValue();

async function signIn(email: string): Promise<string> {
  const response = await fetch(`${system.origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PROGRAM_PASSWORD }),
  });
  return z.object({ token: z.string() }).parse(await response.json()).token;
}

/** Signs the user out everywhere. */
async function endSessions(token: string): Promise<void> {
  const response = await fetch(`${system.origin}/api/auth/revoke-sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(response.status).toBe(200);
}

/** What the user's room named `notes` holds at last, and only that. */
async function storedText(token: string, wanted: string): Promise<void> {
  let text = '';
  await until(`the room to hold ${JSON.stringify(wanted)}`, async () => {
    const response = await call('GET', token);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
    text = doc.getText('text').toJSON();
    return text.length >= wanted.length ? true : undefined;
  });
  expect(text).toBe(wanted);
}

/** The short path is the room of the token's user. */
async function call(method: 'GET' | 'PUT' | 'DELETE', token: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${system.origin}/documents/notes`, { method, headers });
  expect([method, response.ok]).toEqual([method, true]);
  return response;
}
