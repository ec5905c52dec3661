import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openAccount } from '../../scripts/lib/account.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { readConnectProgram } from '../support/doc-programs.ts';
import { inRegistry } from '../support/local-databases.ts';
import { killPrograms, runProgram } from '../support/run-program.ts';
import { removeFolder, startSystem, type System } from '../support/system.ts';
import { migratedFolder } from './site.ts';

let folder: string;
let system: System;

beforeAll(async () => {
  folder = await migratedFolder();
  system = await startSystem({ persistTo: folder, mirror: false });
});
afterEach(killPrograms);
afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

const PROGRAMS: Readonly<Record<string, () => Promise<string>>> = {
  'of the guide': () =>
    readConnectProgram({ origin: `'${system.origin}'`, email: `'${randomUUID()}@example.com'` }),
  'of the dashboard': async () => {
    const { email, password } = await system.signUp();
    const signedIn = await fetch(`${system.origin}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    const cookie = signedIn.headers.getSetCookie().map((value) => value.split(';')[0]);
    const page = await fetch(`${system.origin}/dashboard`, { headers: { cookie: cookie.join('; ') } });
    const [, code = ''] = /<code>(import [^]*?)<\/code>/.exec(await page.text()) ?? [];
    return textOf(code).replace('PASSWORD', password);
  },
};

describe.each(Object.entries(PROGRAMS))('the program %s', (_, programOf) => {
  test('reconnects after an outage of tokens, and ends after a sign-out', async () => {
    const running = runProgram(await programOf());
    await running.says('synced');
    await inRegistry(folder, 'ALTER TABLE session RENAME TO session_away');
    running.send('use an old token');
    await running.says('not synced');
    await running.says('status 503');
    await running.says('status 503');
    await inRegistry(folder, 'ALTER TABLE session_away RENAME TO session');
    await running.says('synced');
    running.send('sign out');
    await running.says('destroyed');
  });
});

test('the demo keeps its account if sign-in fails for another reason', async () => {
  const file = path.join(folder, 'demo', 'account.json');
  const { email } = await openAccount(system.origin, file);
  await inRegistry(folder, 'ALTER TABLE session RENAME TO session_away');
  await expect(openAccount(system.origin, file)).rejects.toThrow('Sign-in returned 503');
  await inRegistry(folder, 'ALTER TABLE session_away RENAME TO session');
  expect((await openAccount(system.origin, file)).email).toBe(email);
});

/** Of HTML without elements. */
function textOf(html: string): string {
  const characters: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  };
  return html.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (entity) => characters[entity] ?? entity);
}
