import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { launchBrowser } from '../support/browser.ts';
import type { User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { connectClient } from '../support/yjs-client.ts';
import { site } from './site.ts';

/** What a program waits for until it renews its token, and what it waits here. */
const RENEWAL = `
const wait = setTimeout;
globalThis.setTimeout = (act, ms, ...rest) => wait(act, ms === 600_000 ? 1_500 : ms, ...rest);`;

/** Of what a program said, where a test fails. */
const MAX_LINES_SHOWN = 40;

/** Says what the program does, and does what it is told to on its input. */
const OBSERVER = `
let isWritten = false;
const onSync = (isSynced) => {
  console.log(isSynced ? 'synced' : 'not synced');
  // Once it has what others wrote: edits at one place that do not know of each other may stand in either order.
  if (isSynced && !isWritten) doc.getText('text').insert(0, 'Hello');
  isWritten ||= isSynced;
};
provider.on('sync', onSync);
if (provider.synced) onSync(true);
const destroy = provider.destroy.bind(provider);
provider.destroy = () => { destroy(); console.log('destroyed'); process.exit(); };
const first = provider.params.token;
setInterval(() => provider.params.token !== first && console.log('renewed'), 200);
const orders = {
  'use an old token'() { provider.params.token = 'old'; provider.ws.close(); },
  'sign out': () => fetch(\`\${origin}/api/auth/sign-out\`, {
    method: 'POST',
    headers: { authorization: \`Bearer \${session.token}\`, 'content-type': 'application/json' },
    body: '{}',
  }),
};
process.stdin.on('data', (order) => orders[order]());`;

let browser: Browser;
const children: ChildProcess[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(() => browser.close());

describe('the program that a page shows', () => {
  test('of the overview is copied, joins a room, outlives its tokens, and ends when its session does', async () => {
    const user = await site.signUp();
    const page = await signIn(user);
    const program = await copied(page, 'Program that connects to a first document');
    const running = run(program, user);
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
    await run(program, user).says('synced');
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

/** Runs a program in Node, with the user's password where the page leaves it out. */
function run(program: string, { password }: User) {
  const source = program.replace('PASSWORD', password) + OBSERVER;
  const prelude = `data:text/javascript,${encodeURIComponent(RENEWAL)}`;
  const child = spawn(process.execPath, ['--import', prelude, '--input-type=module', '-e', source], {
    cwd: PROJECT_ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => lines.push(line));
  }
  let read = 0;
  return {
    tell: (order: string) => child.stdin.write(order),
    /** Settles once it says so after what it has said before. */
    says: (line: string) =>
      until(`"${line}" from the program`, () => {
        const at = lines.indexOf(line, read);
        if (at < 0 && child.exitCode !== null) throw new Error(`The program ended:\n${lines.join('\n')}`);
        read = at < 0 ? read : at + 1;
        return at < 0 ? undefined : true;
      }).catch((cause: unknown) => {
        throw new Error(`The program said:\n${lines.slice(0, MAX_LINES_SHOWN).join('\n')}`, { cause });
      }),
  };
}
