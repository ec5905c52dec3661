import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { killPrograms, runProgram } from '../support/run-program.ts';
import type { User } from '../support/system.ts';
import { connectClient } from '../support/yjs-client.ts';
import { site } from './site.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(() => {
  killPrograms();
});

afterAll(() => browser.close());

describe('the program that a page shows', () => {
  test('of the overview is copied, joins a room, outlives its tokens, and ends when its session does', async () => {
    const user = await site.signUp();
    const page = await signIn(user);
    const program = await copied(page, 'Program that connects to a first document');
    const running = runProgram(program.replace('PASSWORD', user.password));
    await running.says('synced');
    const client = await connectClient(`${site.wsOrigin}/documents`, 'my-first-document', user.jwt);
    await client.reads('Hello');
    client.leave();

    await running.says('renewed');
    running.tell('use an old token');
    await running.says('not synced');
    await running.says('synced');
    running.tell('sign out');
    await running.says('destroyed');
    await page.context().close();
  });

  test('of a room joins this room, whatever its name', async () => {
    const user = await site.signUp();
    const name = "it's \\ a `${1}`\u202E\u200B <b>/?#%20";
    const client = await connectClient(`${site.wsOrigin}/documents`, name, user.jwt);
    client.insert(0, ' you');
    await client.stored();
    const page = await signIn(user);
    await page.goto(`${site.origin}/dashboard/documents/${encodeURIComponent(name)}`);
    const program = await copied(page, 'Program that connects to this room');
    await runProgram(program.replace('PASSWORD', user.password)).says('synced');
    await client.reads('Hello you');
    client.leave();
    await page.context().close();
  });
});

async function signIn(user: User): Promise<Page> {
  const context = await browser.newContext();
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: site.origin });
  const page = await context.newPage();
  await page.goto(`${site.origin}/sign-in`);
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard');
  return page;
}

/** What the button beside a program puts into the clipboard, by the keyboard. */
async function copied(page: Page, label: string): Promise<string> {
  await page.getByRole('button', { name: `Copy: ${label}` }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Copied.', { exact: true }).waitFor();
  return page.evaluate<string>('navigator.clipboard.readText()');
}
