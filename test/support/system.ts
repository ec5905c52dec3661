import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mintJwt } from '../../scripts/lib/account.ts';
import { fireCron } from '../../scripts/lib/cron.ts';
import { stopGroup } from '../../scripts/lib/processes.ts';
import { type DevProcess, readLine, startDev } from './dev-process.ts';
import { startWorker } from './worker-process.ts';

export interface SystemOptions {
  /** A folder of `makeFolder`. */
  readonly persistTo: string;
  /** Whether to start Postgres; default true. */
  readonly mirror?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

export interface User {
  readonly email: string;
  readonly password: string;
  /** Of a session. */
  readonly token: string;
  /** Short-lived, for WebSockets. */
  readonly jwt: string;
}

/** What can be done with a running Roomkeeper by one who knows no more of it than where it is. */
export interface Site {
  /** `http://localhost:PORT` */
  readonly origin: string;
  /** `ws://localhost:PORT` */
  readonly wsOrigin: string;
  /** A new user each time. */
  signUp(): Promise<User>;
  /** A new JWT of a user who has signed up before. */
  mintJwt(user: User): Promise<string>;
  /** A GET with a user's session token. */
  get(user: User, route: string): Promise<Response>;
}

/** The whole of Roomkeeper, running on this machine as `npm run dev` starts it. */
export interface System extends Site, Pick<DevProcess, 'lines' | 'tree' | 'kill'> {
  /** `null` without a mirror. */
  readonly postgresUrl: string | null;
  /** One cron event; settles when its handler is done. */
  runCron(): Promise<void>;
  /** As Ctrl-C does. */
  stop(): Promise<void>;
}

/** Only its own tests fire the cron: this is longer than any of them. */
const NO_CRON_SECONDS = '3600';

/** A data folder that the user of Postgres can enter (root runs it as another user). */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-test-'));
  await chmod(folder, 0o711);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}

/** Starts the system and waits until it says that it is ready. */
export async function startSystem({ persistTo, mirror = true, env = {} }: SystemOptions): Promise<System> {
  const options = ['--port', '0', '--persist-to', persistTo, '--cron-seconds', NO_CRON_SECONDS];
  const dev = startDev(mirror ? options : [...options, '--no-mirror'], env);
  const mirrorLine = await readLine(dev, 'Mirror');
  const origin = new URL(await readLine(dev, 'Dashboard')).origin;
  return systemAt(origin, dev, mirror ? mirrorLine : null);
}

/**
 * Starts the Worker with another entry than src/index.ts, for example with rooms that report what they do or fail.
 * @param entry from the project's root
 * @param persistTo a folder of `makeFolder`
 */
export async function startSystemWith(
  entry: string,
  persistTo: string,
  env: Readonly<Record<string, string>> = {},
): Promise<System> {
  const { worker, origin } = await startWorker(entry, persistTo, { env });
  return { ...systemAt(origin, worker, null), stop: () => stopGroup(worker.child.pid) };
}

function systemAt(origin: string, dev: DevProcess, postgresUrl: string | null): System {
  return {
    ...dev,
    ...siteAt(origin),
    postgresUrl,
    runCron: () => fireCron(origin),
    async stop() {
      const code = await dev.interrupt();
      if (code !== 0) throw new Error(`npm run dev ended with ${code}:\n${dev.lines.join('\n')}`);
    },
  };
}

/** @param origin `http://localhost:PORT` */
export function siteAt(origin: string): Site {
  return {
    origin,
    wsOrigin: origin.replace(/^http/, 'ws'),
    signUp: () => signUp(origin),
    mintJwt: (user) => mintJwt(origin, user.token),
    get: (user, route) => fetch(`${origin}${route}`, { headers: { authorization: `Bearer ${user.token}` } }),
  };
}

async function signUp(origin: string): Promise<User> {
  const account = { email: `${randomUUID()}@example.com`, password: randomUUID() };
  const response = await fetch(`${origin}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Tester', ...account }),
  });
  if (!response.ok) throw new Error(`Sign-up returned ${response.status}: ${await response.text()}`);
  const body: unknown = await response.json();
  if (typeof body !== 'object' || body === null || !('token' in body) || typeof body.token !== 'string') {
    throw new Error('sign-up gave no session token');
  }
  return { ...account, token: body.token, jwt: await mintJwt(origin, body.token) };
}
