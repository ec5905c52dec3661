import { randomUUID } from 'node:crypto';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AppServer, serveBrowserApp } from '../support/app-server.ts';
import { launchBrowser } from '../support/browser.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystem, type System } from '../support/system.ts';
import { until } from '../support/until.ts';
import { connectClient } from '../support/yjs-client.ts';
import { migratedFolder } from './site.ts';

const ROOM = 'Einkaufsliste <Ünal & Søn> 🛒';
const account = { name: 'Ada', email: `${randomUUID()}@example.com`, password: randomUUID() };
const Token = z.object({ token: z.string() });

let folder: string;
let system: System;
let apps: AppServer;
let browser: Browser;
/** Ada's browser. Roomkeeper's own pages must do without client-side code. */
let context: BrowserContext;

beforeAll(async () => {
  folder = await migratedFolder();
  apps = await serveBrowserApp();
  [system, browser] = await Promise.all([
    startSystem({ persistTo: folder, mirror: false, env: { TRUSTED_ORIGINS: apps.origin } }),
    launchBrowser(),
  ]);
  context = await browser.newContext({ javaScriptEnabled: false });
});

afterAll(async () => {
  await browser.close();
  await apps.close();
  await killLeftovers();
  await removeFolder(folder);
});

describe('in a real browser', () => {
  test('after sign-up the dashboard shows how to connect a client', async () => {
    const page = await visit('/dashboard');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill(account.name);
    await page.getByLabel('E-mail').fill(account.email);
    await page.getByLabel('Password').fill(account.password);
    await page.getByRole('button', { name: 'Create account' }).click();
    expect(new URL(page.url()).pathname).toBe('/dashboard');
    await page.getByRole('heading', { name: 'No rooms yet' }).waitFor();
    await page.getByText('WebsocketProvider').first().waitFor();
    await page.close();
  });

  test.each([
    { asSubprotocol: false, credential: 'a token in the query' },
    { asSubprotocol: true, credential: 'a token as subprotocol' },
  ])(
    'y-websocket in an app of another origin, with $credential, exchanges edits with another client',
    async (how) => {
      const token = await readToken();
      const app = await openApp({ ...how, token });
      await app.getByText('synced', { exact: true }).waitFor();
      const elsewhere = await connectClient(`${system.wsOrigin}/documents`, ROOM, token);
      const before = elsewhere.text();

      await app.getByRole('textbox').pressSequentially('Milk. ');
      await elsewhere.reads(`${before}Milk. `);
      elsewhere.insert(before.length + 6, 'Bread. ');
      await until('the other’s edit on the page', async () =>
        (await app.getByRole('textbox').inputValue()) === `${before}Milk. Bread. ` ? true : undefined,
      );
      elsewhere.leave();
      await app.close();
    },
  );

  test('the owner’s dashboard shows the room with its size', async () => {
    const page = await visit('/dashboard/rooms');
    const row = page.getByRole('row').filter({ has: page.getByText(ROOM, { exact: true }) });
    const bytes = await until('the size', async () => {
      await page.reload();
      expect(await row.count()).toBe(1);
      const value = await row.locator('data').all();
      return value.length === 0 ? undefined : Number(await value[0]?.getAttribute('value'));
    });
    expect(bytes).toBeGreaterThan(0);
    expect(await row.getByText('document', { exact: true }).isVisible()).toBe(true);
    await page.close();
  });

  test('HTTP sync in an app of another origin exchanges edits, and stops when the room is deleted', async () => {
    const token = await readToken();
    const room = randomUUID();
    const app = await openApp({ token, room, server: `${system.origin}/documents` });
    await app.getByText(/^synced, incarnation [0-9a-f]{32}$/).waitFor();
    const elsewhere = await connectClient(`${system.wsOrigin}/documents`, room, token);
    await app.getByRole('textbox').pressSequentially('Milk. ');
    await elsewhere.reads('Milk. ');
    elsewhere.insert(6, 'Bread. ');
    await until('the other’s edit on the page', async () =>
      (await app.getByRole('textbox').inputValue()) === 'Milk. Bread. ' ? true : undefined,
    );
    elsewhere.leave();
    await call('DELETE', room, token);
    await app.getByText(/^deleted, /).waitFor();
    await app.close();
  });

  test('a new tab of a recreated room gets nothing from a tab of the deleted room', async () => {
    const token = await readToken();
    const room = randomUUID();
    // Tabs of one browser, who can reach each other without the server.
    const tabs = await browser.newContext();
    const old = await openApp({ token, room }, tabs);
    await old.getByText('synced', { exact: true }).waitFor();
    await old.getByRole('textbox').pressSequentially('old');
    await call('DELETE', room, token);
    await old.getByText('closed 4410').waitFor();
    await call('PUT', room, token);

    const reopened = await openApp({ token, room }, tabs);
    await reopened.getByText('synced', { exact: true }).waitFor();
    await reopened.getByRole('textbox').pressSequentially('new');
    const elsewhere = await connectClient(`${system.wsOrigin}/documents`, room, token);
    await elsewhere.reads('new');
    expect(await reopened.getByRole('textbox').inputValue()).toBe('new');
    expect(await reopened.getByText('synced', { exact: true }).isVisible()).toBe(true);
    elsewhere.leave();
    await tabs.close();
  });

  test('the close code gives the reason for a refusal', async () => {
    const app = await openApp({ token: 'nonsense', asSubprotocol: false });
    await app.getByText('closed 4401').waitFor();
    await app.close();
  });

  test('a signed-out user sees no content until the next sign-in', async () => {
    const page = await visit('/dashboard');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${system.origin}/dashboard/rooms`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');

    await page.getByLabel('E-mail').fill(account.email);
    await page.getByLabel('Password').fill('not her password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').isVisible()).toBe(true);
    expect(await page.getByText(ROOM).count()).toBe(0);

    await page.getByLabel('Password').fill(account.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByText(ROOM, { exact: true }).isVisible()).toBe(true);
    await page.close();
  });
});

async function call(method: 'DELETE' | 'PUT', room: string, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${system.origin}/documents/${room}`, { method, headers });
  expect(response.ok).toBe(true);
}

async function visit(path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${system.origin}${path}`);
  return page;
}

/** As the dashboard's guide says: the token is what the browser shows at this address. */
async function readToken(): Promise<string> {
  const page = await visit('/api/auth/token');
  const { token } = Token.parse(JSON.parse(await page.locator('body').innerText()));
  await page.close();
  return token;
}

async function openApp(
  options: { token: string; asSubprotocol?: boolean; room?: string; server?: string },
  tabs?: BrowserContext,
): Promise<Page> {
  const target = { server: `${system.wsOrigin}/documents`, room: ROOM, ...options };
  const page = await (tabs ?? browser).newPage();
  await page.goto(`${apps.origin}/#${encodeURIComponent(JSON.stringify(target))}`);
  return page;
}
