import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { launchBrowser } from '../test/support/browser.ts';
import { failWithMessage } from './lib/command.ts';
import { writeDemoDocument } from './lib/demo-document.ts';
import { DevSystem } from './lib/dev-system.ts';
import { fillDemo, makeOperator } from './lib/fill-demo.ts';
import { PROJECT_ROOT } from './lib/project.ts';

const HELP = `Takes pictures of the dashboard with demo data: about 40 rooms of one user, and 30 days of history.

  npm run screenshots [-- options]

  --out DIR      where they go (default docs/images)
  --only NAME    this page alone (overview, rooms, room, account, operators)
  --help         this text

It starts a system of its own with empty data, signs a user up, and stops and removes all of it at the end. It needs Chromium.`;

const SHOWN_DOCUMENT = 'Team handbook';

const LOOKS = {
  'desktop-light': { width: 1280, height: 900, scale: 1, colorScheme: 'light' },
  'desktop-dark': { width: 1280, height: 900, scale: 1, colorScheme: 'dark' },
  'phone-light': { width: 375, height: 800, scale: 2, colorScheme: 'light' },
  'phone-dark': { width: 375, height: 800, scale: 2, colorScheme: 'dark' },
} as const;
type Look = keyof typeof LOOKS;

const TWO: readonly Look[] = ['desktop-light', 'phone-dark'];
const ALL: readonly Look[] = ['desktop-light', 'desktop-dark', 'phone-light', 'phone-dark'];

interface Shown {
  readonly name: string;
  readonly path: string;
  readonly looks: readonly Look[];
}

const PAGES: readonly Shown[] = [
  { name: 'overview', path: '/dashboard', looks: ALL },
  { name: 'rooms', path: '/dashboard/rooms', looks: TWO },
  { name: 'room', path: `/dashboard/documents/${encodeURIComponent(SHOWN_DOCUMENT)}`, looks: TWO },
  { name: 'account', path: '/dashboard/account', looks: TWO },
  { name: 'operators', path: '/dashboard/operators', looks: TWO },
];

const USER = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'a demo needs one' };
const SignedUp = z.object({ token: z.string(), user: z.object({ id: z.string() }) });

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: path.join(PROJECT_ROOT, 'docs/images') },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const pages = PAGES.filter(({ name }) => values.only === undefined || values.only === name);
  if (pages.length === 0) throw new Error(`--only takes one of ${PAGES.map(({ name }) => name).join(', ')}.`);

  const folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-screenshots-'));
  // Postgres may run as another user, who must get through.
  await chmod(folder, 0o711);
  const options = { port: 0, portIsGiven: true, persistTo: folder, mirror: true, cronSeconds: 2 };
  const start = () => new DevSystem(options, (source, line) => console.log(`${source} | ${line}`));
  try {
    const userId = await during(start(), makeAccount);
    // While nothing runs that has the registry open.
    await fillDemo(folder, userId, Date.now());
    await makeOperator(folder, userId);
    await mkdir(values.out, { recursive: true });
    await during(start(), (origin) => shootAll(origin, pages, values.out));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is done with a system that runs for as long. */
async function during<Result>(system: DevSystem, work: (origin: string) => Promise<Result>): Promise<Result> {
  try {
    const { port } = await system.start();
    return await work(`http://localhost:${port}`);
  } finally {
    await system.stop();
  }
}

/** @returns the id of the user, who has one document */
async function makeAccount(origin: string): Promise<string> {
  const response = await fetch(`${origin}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify(USER),
  });
  if (!response.ok) throw new Error(`Sign-up returned ${response.status}: ${await response.text()}`);
  const { token, user } = SignedUp.parse(await response.json());
  await writeDemoDocument(origin, token, SHOWN_DOCUMENT);
  return user.id;
}

async function shootAll(origin: string, pages: readonly Shown[], out: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    for (const page of pages) await shoot(browser, origin, page, out);
  } finally {
    await browser.close();
  }
}

async function shoot(
  browser: Browser,
  origin: string,
  { name, path: where, looks }: Shown,
  out: string,
): Promise<void> {
  for (const look of looks) {
    const { width, height, scale, colorScheme } = LOOKS[look];
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      colorScheme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    await signIn(page, origin);
    const answer = await page.goto(`${origin}${where}`, { waitUntil: 'networkidle' });
    if (answer?.status() !== 200) {
      console.error(`${where} returned ${answer?.status() ?? 'no response'}. No screenshot was taken.`);
    } else {
      const file = path.join(out, `${name}-${look}.png`);
      await page.screenshot({ path: file });
      console.log(path.relative(process.cwd(), file));
    }
    await context.close();
  }
}

async function signIn(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('E-mail').fill(USER.email);
  await page.getByLabel('Password').fill(USER.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/dashboard');
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    failWithMessage(error);
    process.exit();
  },
);
