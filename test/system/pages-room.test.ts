import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import * as Y from 'yjs';
import { faultsInAllLooks } from '../support/axe.ts';
import { launchBrowser } from '../support/browser.ts';
import { inRegistry } from '../support/local-databases.ts';
import type { User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { connectClient, type YjsClient } from '../support/yjs-client.ts';
import { site } from './site.ts';

const NAME = 'Notes <b>&amp;</b> #1';
const PAGE = `${site.origin}/dashboard/documents/${encodeURIComponent(NAME)}`;

const folder = inject('siteFolder');
const OLD = `WHERE resource_name = 'old' AND storage_bytes IS NOT NULL`;
const USED = `SELECT last_accessed_at AS at FROM durable_object_instance ${OLD}`;
const AGE = `UPDATE durable_object_instance SET last_accessed_at = last_accessed_at - 100 * 86400000 ${OLD} RETURNING last_accessed_at AS at`;

let browser: Browser;
let context: BrowserContext;
let user: User;
let client: YjsClient;

beforeAll(async () => {
  [browser, user] = await Promise.all([launchBrowser(), site.signUp()]);
  context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.origin}/sign-in`);
  await page.getByLabel('E-mail').fill(user.email);
  await page.getByLabel('Password').fill(user.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard');
  await page.close();
});

afterAll(async () => {
  client.leave();
  await browser.close();
});

/** The room's page, once it shows the content. */
async function openRoom(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(PAGE);
  await page.getByText('Live', { exact: true }).waitFor();
  return page;
}

const tree = (page: Page) => page.getByRole('group', { name: 'Content' });
const click = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** The figure beside a word on the page. */
async function figure(page: Page, label: string): Promise<string> {
  return (
    (await page
      .locator('.figure')
      .filter({ has: page.getByText(label, { exact: true }) })
      .locator('strong')
      .textContent()) ?? ''
  );
}

/** The tests build on each other, in order. */
describe('a room’s page in a browser', () => {
  test('creates a room that never existed, and shows it empty', async () => {
    const page = await context.newPage();
    await page.goto(PAGE);
    await page.getByRole('heading', { name: 'You have no document of this name' }).waitFor();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await click(page, 'Create it');
    await page.getByText('The room is created. It is empty.').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await figure(page, 'Connected now')).toBe('0');
    await page.close();
  });

  test('shows edits and names of clients in two tabs, and makes no edits', async () => {
    const [one, other] = await Promise.all([openRoom(), openRoom()]);
    client = await connectClient(`${site.wsOrigin}/documents`, NAME, user.jwt);
    client.provider.awareness.setLocalStateField('user', { name: '<i>Grace</i>', color: '#c2185b' });
    client.insert(0, 'Milk');
    client.doc.getMap('meta').set('<key>', { deep: [1, '<img src=x onerror=alert(1)>'] });
    client.doc.getArray('list').push([new Y.Text('nested'), new Uint8Array(3), new Y.Doc()]);
    const paragraph = new Y.XmlElement('paragraph');
    client.doc.getXmlFragment('page').insert(0, [paragraph]);
    paragraph.setAttribute('align', 'left');
    paragraph.insert(0, [new Y.XmlText('Hello')]);
    for (const page of [one, other]) {
      const shown = tree(page);
      for (const text of [
        'Milk',
        '<key>',
        '"<img src=x onerror=alert(1)>"',
        'nested',
        'binary, 3 B',
        '<paragraph align="left">',
        'Hello',
      ]) {
        await shown.getByText(text, { exact: true }).waitFor();
      }
      // The facts follow by themselves, long before the registry hears of it.
      await page.getByText('<i>Grace</i>', { exact: true }).waitFor();
      await until('the number of clients', async () =>
        (await figure(page, 'Connected now')) === '1' ? true : undefined,
      );
    }
    // Who only comes and says nothing is seen to come and to leave.
    const silent = await connectClient(`${site.wsOrigin}/documents`, NAME, user.jwt);
    const counts = (wanted: string) =>
      until(`${wanted} clients`, async () =>
        (await figure(one, 'Connected now')) === wanted ? true : undefined,
      );
    await counts('2');
    silent.leave();
    await counts('1');
    client.insert(4, ' and bread');
    await tree(one).getByText('Milk and bread', { exact: true }).waitFor();
    await tree(other).getByText('Milk and bread', { exact: true }).waitFor();
    // Observers are not visible to other clients.
    expect([...client.provider.awareness.getStates().keys()]).toEqual([client.doc.clientID]);
    expect([...Y.decodeStateVector(Y.encodeStateVector(client.doc)).keys()]).toEqual([client.doc.clientID]);
    await other.close();
    expect(await faultsInAllLooks(one)).toEqual([]);
    await one.close();
  });

  test('downloads the content as JSON and as an update', async () => {
    const page = await openRoom();
    const downloadOf = async (name: string): Promise<Buffer> => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByText(name).click()]);
      return readFile(await download.path());
    };
    expect(JSON.parse((await downloadOf('Download as JSON')).toString())).toMatchObject({
      text: 'Milk and bread',
      meta: { '<key>': { deep: [1, '<img src=x onerror=alert(1)>'] } },
      list: ['nested', { $binary: 'AAAA' }, { $document: expect.any(String) }],
      page: [{ $element: 'paragraph', attributes: { align: 'left' }, children: ['Hello'] }],
    });
    const copy = new Y.Doc();
    Y.applyUpdate(copy, await downloadOf('Download as a Yjs update'));
    expect(copy.getText('text').toJSON()).toBe('Milk and bread');
    await page.close();
  });

  test('shows formatted texts and XML, and never renders content as markup', async () => {
    const writer = await connectClient(`${site.wsOrigin}/documents`, 'formatted', user.jwt);
    const hostile = 'javascript:alert(1)//<img src=x onerror=alert(1)>';
    writer.doc.transact(() => {
      writer.doc
        .getText('delta')
        .applyDelta([
          { insert: 'Title' },
          { insert: '\n', attributes: { header: 1 } },
          { insert: 'plain ' },
          { insert: 'bold', attributes: { bold: true } },
          { insert: 'both', attributes: { bold: true, italic: true } },
          { insert: 'code', attributes: { code: true } },
          { insert: 'site', attributes: { link: hostile } },
          { insert: 'red', attributes: { color: 'url(//evil.example)' } },
          { insert: '\nitem' },
          { insert: '\n', attributes: { list: 'bullet' } },
          ...['one', 'two', 'inner'].flatMap((insert) => [
            { insert },
            { insert: '\n', attributes: { list: 'ordered', ...(insert === 'inner' && { indent: 1 }) } },
          ]),
          { insert: 'three' },
          { insert: '\n', attributes: { list: 'ordered' } },
        ]);
      writer.doc.getMap('meta').set('value', 'a\u202Eb  c');
      const page = writer.doc.getXmlFragment('prosemirror');
      const paragraph = new Y.XmlElement('paragraph');
      page.insert(0, [paragraph]);
      const words = new Y.XmlText();
      paragraph.insert(0, [words]);
      words.insert(0, 'Hello');
      words.insert(5, 'strong', { strong: {} });
    });
    await writer.stored();
    const page = await context.newPage();
    await page.goto(`${site.origin}/dashboard/documents/formatted`);
    await page.getByText('Live', { exact: true }).waitFor();
    const shown = tree(page);
    await shown.locator('.heading-line', { hasText: 'Title' }).waitFor();
    expect(await shown.locator('.node-text strong').allTextContents()).toEqual(['bold', 'both', 'strong']);
    expect(await shown.locator('em').allTextContents()).toEqual(['both']);
    expect(await shown.locator('code').allTextContents()).toEqual(['code']);
    expect(await shown.locator('.linked').allTextContents()).toEqual(['site']);
    expect(await shown.locator('.format-note').allTextContents()).toEqual([
      hostile,
      'color: url(//evil.example)',
    ]);
    expect(await shown.locator('a, img, script, [style]').count()).toBe(0);
    expect(await shown.locator('.item').allTextContents()).toEqual([
      '• item',
      '1. one',
      '2. two',
      '1. inner',
      '3. three',
    ]);
    await shown.getByText('"aU+202Eb  c"', { exact: true }).waitFor();
    await shown.getByText('<paragraph>', { exact: true }).waitFor();
    expect(await faultsInAllLooks(page)).toEqual([]);

    // Only what changes is written again.
    await page.evaluate(`document.querySelector('.heading-line').dataset.stays = 'true'`);
    writer.doc.getText('delta').insert(6, 'more ', { bold: true });
    await shown.locator('strong', { hasText: 'more' }).waitFor();
    expect(await shown.locator('[data-stays]').textContent()).toBe('Title');
    writer.leave();
    await page.close();
  });

  test('creates a version, compares it with the current content, and restores it for all clients', async () => {
    const page = await openRoom();
    await page.getByLabel('Keep the current content as a version').fill('é'.repeat(129));
    await click(page, 'Keep version');
    await page.getByRole('alert').getByText('at most 256 bytes').waitFor();
    // The page goes on being true, though it stands at the form's address.
    await page.getByText('Live', { exact: true }).waitFor();
    const asked = page.waitForResponse(PAGE);
    await page.getByRole('button', { name: 'Keep version' }).focus();
    await page.evaluate(`document.dispatchEvent(new Event('page-changed'))`);
    expect((await asked).status()).toBeLessThan(400);
    await page.getByLabel('Keep the current content as a version').fill('Before <i>Grace</i>');
    await click(page, 'Keep version');
    await page.getByText('The version is created.').waitFor();
    client.insert(0, 'No more ');
    await tree(page).getByText('No more Milk and bread', { exact: true }).waitFor();

    await page.getByRole('link', { name: 'Before <i>Grace</i>', exact: true }).click();
    await page.getByText('Milk and bread', { exact: true }).waitFor();
    const row = page.getByRole('row').filter({ hasText: 'Characters of text' });
    expect(await row.getByRole('cell').allTextContents()).toEqual(['25', '33']);
    expect(await faultsInAllLooks(page)).toEqual([]);
    await page.getByRole('link', { name: 'Restore…' }).click();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await click(page, 'Restore it');
    await page.getByText('The version is restored').waitFor();
    await tree(page).getByText('Milk and bread', { exact: true }).waitFor();
    await client.reads('Milk and bread');
    await page.close();
  });

  test('compacts the room, and shows the result', async () => {
    const page = await openRoom();
    await click(page, 'Compact now');
    await page.getByText('The room is compacted. Its content has not changed.').waitFor();
    await page.getByText(/^Compacted .* from .* to /).waitFor();
    await tree(page).getByText('Milk and bread', { exact: true }).waitFor();
    await page.close();
  });

  test('deletes the room after its name is typed; other tabs follow, and it can be recreated', async () => {
    const [page, other] = await Promise.all([openRoom(), openRoom()]);
    await page.getByRole('link', { name: 'Delete…' }).click();
    await page.getByLabel('Type the room’s name to confirm').fill('Notes');
    await click(page, 'Delete the document');
    await page.getByRole('alert').getByText('Nothing was deleted').waitFor();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await page.getByLabel('Type the room’s name to confirm').fill(NAME);
    await click(page, 'Delete the document');
    await page.getByText('The room and its content are deleted').waitFor();
    expect(await faultsInAllLooks(page)).toEqual([]);
    await other.getByRole('heading', { name: /^This document was deleted/ }).waitFor();
    await click(page, 'Recreate the room');
    await page.getByText('The room is created again. It is empty.').waitFor();
    await other.getByText('Live', { exact: true }).waitFor();
    await other.close();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByText('Milk').count()).toBe(0);
    await page.close();
  });

  test('does not reload while a form is being sent', async () => {
    const at = `${site.origin}/documents/late`;
    const headers = { authorization: `Bearer ${user.token}` };
    for (const method of ['PUT', 'DELETE']) await fetch(at, { method, headers });
    const page = await context.newPage();
    await page.goto(`${site.origin}/dashboard/documents/late?done=deleted`);
    await page.getByText('The room and its content are deleted').waitFor();
    // What was done is not said again where the page is loaded another time.
    expect(new URL(page.url()).search).toBe('');
    await page.route('**/create', async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      // It asks each few seconds whether it is still true.
      await page.waitForResponse((one) => !one.url().endsWith('/create') && one.status() === 200);
      await sleep(1_000);
      await route.fulfill({ response });
    });
    await click(page, 'Recreate the room');
    await page.getByText('The room is created again. It is empty.').waitFor();
    await page.close();
  });

  test('of an unused room does not count as a use until the content is requested', async () => {
    const client = await connectClient(`${site.wsOrigin}/documents`, 'old', user.jwt);
    client.insert(0, 'Milk');
    await client.stored();
    client.leave();
    const usedAt = () => inRegistry(folder, USED).then(([row]) => Number(row?.['at']));
    await until('its size', async () => ((await usedAt()) > 0 ? true : undefined));
    const [aged] = await inRegistry(folder, AGE);
    expect(aged).toBeDefined();
    const page = await context.newPage();
    await page.goto(`${site.origin}/dashboard/documents/old`);
    const load = page.getByRole('button', { name: /^Load the content .* counts as a use/ });
    await load.waitFor();
    expect(await usedAt()).toBe(aged?.['at']);
    await load.click();
    await page.getByText('Live', { exact: true }).waitFor();
    await tree(page).getByText('Milk', { exact: true }).waitFor();
    await page.close();
  });

  test('works without JavaScript', async () => {
    const plain = await browser.newContext({
      javaScriptEnabled: false,
      storageState: await context.storageState(),
    });
    const page = await plain.newPage();
    await page.goto(PAGE);
    expect(await page.locator('noscript p').isVisible()).toBe(true);
    expect(await page.getByRole('button', { name: /^Copy/ }).isVisible()).toBe(false);
    await click(page, 'Keep version');
    await page.getByText('The version is created.').waitFor();
    await page.getByRole('link', { name: 'Delete…' }).click();
    await page.getByLabel('Type the room’s name to confirm').fill(NAME);
    await click(page, 'Delete the document');
    await page.getByText('The room and its content are deleted').waitFor();
    await plain.close();
  });
});
