import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { launchBrowser } from '../support/browser.ts';
import { readHttpSyncProgram, readSmallestProgram, readSnippet } from '../support/doc-programs.ts';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { killPrograms, runProgram } from '../support/run-program.ts';
import type { User } from '../support/system.ts';
import { until } from '../support/until.ts';
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

describe('the copied program', () => {
  test('of the overview joins a room, renews its token, and ends with its session', async () => {
    const user = await site.signUp();
    const page = await signIn(user);
    const program = await copyProgram(page, 'Program that connects to a first document');
    const running = runProgram(program.replace('PASSWORD', user.password));
    await running.says('synced');
    const client = await connectClient(`${site.wsOrigin}/documents`, 'my-first-document', user.jwt);
    await client.reads('Hello');
    client.leave();

    await running.says('renewed');
    running.send('use an old token');
    await running.says('not synced');
    await running.says('synced');
    running.send('sign out');
    await running.says('destroyed');
    await page.context().close();
  });

  test('of a room joins the room with any name', async () => {
    const user = await site.signUp();
    const name = "it's \\ a `${1}`\u202E\u200B <b>/?#%20";
    const client = await connectClient(`${site.wsOrigin}/documents`, name, user.jwt);
    client.insert(0, ' you');
    await client.stored();
    const page = await signIn(user);
    await page.goto(`${site.origin}/dashboard/documents/${encodeURIComponent(name)}`);
    const program = await copyProgram(page, 'Program that connects to this room');
    await runProgram(program.replace('PASSWORD', user.password)).says('synced');
    await client.reads('Hello you');
    client.leave();
    await page.context().close();
  });
});

describe('the program in the documentation', () => {
  test('of README.md signs up, joins a room and writes to it', async () => {
    const email = `${randomUUID()}@example.com`;
    await runProgram(await readSmallestProgram({ origin: site.origin, email })).says('synced');
    const reader = runProgram(
      (await readSmallestProgram({ origin: site.origin, email })).replace('sign-up', 'sign-in'),
    );
    await reader.says('Hello');
  });

  test('that sends an HTTP sync request stores its edit and receives those of others', async () => {
    const { client, run } = await openNotes();
    const program = await readSnippet('docs/reference/http.md', 'writeVarUint8Array(');
    await run(`${program}\nconsole.log(doc.getText('text').toString());`, ['stored', 'sent']);
    client.leave();
  });

  test('that syncs with the HTTP client stores its edit and receives those of others', async () => {
    const { client, run } = await openNotes();
    const program = await readHttpSyncProgram();
    await run(`${program}\nsync.stop();\nconsole.log(outcome.kind, doc.getText('text').toString());`, [
      'synced',
      'stored',
      'sent',
    ]);
    client.leave();
  });

  test('for the shell reads rooms and copies one', async () => {
    const { user, client } = await openNotes();
    const file = path.join(inject('siteFolder'), `${randomUUID()}.yjs`);
    const script = (await readSnippet('docs/guide/build-an-app.md', 'curl '))
      .replaceAll('http://localhost:8787', site.origin)
      .replaceAll('curl ', 'curl -fsS ')
      .replaceAll('notes.yjs', file)
      .replaceAll(/room -- (pull|push)/g, `room -- $1 --origin ${site.origin}`)
      // It runs until Ctrl-C.
      .replace(/^.* watch .*$/m, '');
    const { stdout } = await promisify(execFile)('bash', ['-ec', script], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, TOKEN: user.token },
    });
    expect(stdout).toContain('"resourceName":"notes"');
    const copy = await connectClient(`${site.wsOrigin}/documents`, 'copy', user.jwt);
    await copy.reads('stored ');
    copy.leave();
    client.leave();
  });
});

/** A user with a document `notes`, and a function that runs a program for it in Node. */
async function openNotes() {
  const user = await site.signUp();
  const me = await site.get(user, '/api/me');
  const { userId } = z.object({ userId: z.string() }).parse(await me.json());
  const client = await connectClient(`${site.wsOrigin}/documents`, 'notes', user.jwt);
  client.insert(0, 'stored ');
  await client.stored();
  const prelude = `
    import * as Y from 'yjs';
    const [origin, userId, token] = ${JSON.stringify([site.origin, userId, user.jwt])};
    const fetchToken = () => token;
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'sent ');\n`;
  const run = async (program: string, expected: readonly string[]): Promise<void> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', prelude + program],
      { cwd: PROJECT_ROOT },
    );
    for (const text of expected) expect(stdout).toContain(text);
    for (const text of ['stored', 'sent'])
      await until(`the edit "${text}"`, () => (client.text().includes(text) ? true : undefined));
  };
  return { user, client, run };
}

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

/** @returns the content of the clipboard after the copy button is pressed by keyboard */
async function copyProgram(page: Page, label: string): Promise<string> {
  await page.getByRole('button', { name: `Copy: ${label}` }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Copied.', { exact: true }).waitFor();
  return page.evaluate<string>('navigator.clipboard.readText()');
}
