import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { databases, inDatabase } from '../support/local-databases.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { migratedFolder } from './site.ts';

const OPERATOR_TOKEN = randomBytes(24).toString('hex');
/** Stands for any token, password or address of a stranger. In no word of ours, and no path of ours. */
const PLANTED = `Planted${randomBytes(12).toString('hex')}`;

let folder: string;
let system: System;
let user: User;
let cookie: string;
/** The registry's file. */
let registry: string;

beforeAll(async () => {
  folder = await migratedFolder();
  system = await startSystem({ persistTo: folder, mirror: false, env: { OPERATOR_TOKEN } });
  user = await system.signUp();
  const files = await databases(folder, 'd1');
  const accounts = files.find(
    (file) => inDatabase(file, "SELECT 1 FROM sqlite_master WHERE name = 'user'").length > 0,
  );
  if (accounts === undefined) throw new Error('there is no registry');
  registry = accounts;
  const signedIn = await call('/api/auth/sign-in/email', {
    json: { email: user.email, password: user.password },
  });
  cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  expect(cookie).toContain('session_token');
});

afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

test('no output contains a token, a password or an e-mail address, also after refusals and failures', async () => {
  const rooms = '/documents';
  const forged = `${user.jwt.slice(0, user.jwt.lastIndexOf('.'))}.${'A'.repeat(86)}`;
  const session = { authorization: `Bearer ${user.token}` };

  const refuse = async () => {
    for (const token of [user.jwt, forged, user.token, PLANTED, `${PLANTED}.${PLANTED}.${PLANTED}`]) {
      await connect(`${rooms}/a?token=${encodeURIComponent(token)}`);
      await connect(`${rooms}/a?token=${encodeURIComponent(token)}&watch=${PLANTED}`);
      await connect(`${rooms}/a`, ['y', `bearer.${token.replaceAll(/[^\w.-]/g, '')}`]);
      await connect(`${rooms}/%ff?token=${encodeURIComponent(token)}`);
      await call(`${rooms}/a?token=${encodeURIComponent(token)}`, { headers: session });
      await call(`${rooms}/a`, { headers: { authorization: `Bearer ${token}` } });
      await call(`${rooms}/a`, { headers: { cookie: `better-auth.session_token=${token}` } });
      await call(`/dashboard?token=${encodeURIComponent(token)}`, { headers: { cookie } });
      await call(`/sign-in?next=${encodeURIComponent(`/dashboard?token=${token}`)}`);
    }
    await call(`${rooms}/a`, { method: 'PUT', headers: session, body: PLANTED });
    await call(`${rooms}/a`, { method: 'POST', headers: session, body: PLANTED });
    await call(`/api/instances?q=${PLANTED}&cursor=${PLANTED}`, { headers: session });
    await call(`/api/instances?q=${PLANTED}`, { headers: session });
    await call('/api/admin/mirror/run', {
      method: 'POST',
      headers: { authorization: `Bearer ${OPERATOR_TOKEN}` },
      body: `{"pass":"${PLANTED}`,
    });
    const evil = `https://evil.example/?token=${PLANTED}`;
    const email = `${PLANTED}@mail.example`;
    await call('/api/auth/sign-in/email', {
      json: { email: user.email, password: PLANTED, callbackURL: evil },
    });
    await call('/api/auth/sign-in/email', { json: { email, password: user.password } });
    await call('/api/auth/sign-up/email', {
      json: { email: user.email, password: user.password, name: 'x' },
    });
    await call('/api/auth/sign-up/email', { json: { email, password: 'x', name: PLANTED } });
    await call('/api/auth/change-email', { headers: session, json: { newEmail: email } });
    await call(`/api/auth/reset-password/${PLANTED}?callbackURL=${encodeURIComponent(evil)}`);
    await call(`/api/auth/verify-email?token=${PLANTED}&callbackURL=${encodeURIComponent(evil)}`);
    await call(`/api/auth/callback/google?code=${PLANTED}&state=${PLANTED}`);
    await call(`/api/account/erasure/${PLANTED}`);
    await call(`${rooms}/a`, {
      method: 'OPTIONS',
      headers: { origin: `https://ada:${PLANTED}@evil.example`, 'access-control-request-method': 'PUT' },
    });
  };

  await refuse();
  for (const table of ['session', 'user', 'durable_object_instance', 'erasure', 'failed_password']) {
    await without(table, refuse);
  }
  await connect(`${rooms}/a?token=${user.jwt}`, [], new Uint8Array([0, 2, 200, 1]));
  await system.kill();

  const printed = system.lines.join('\n');
  // Otherwise nothing of this has met a log call.
  for (const event of ['session_lookup_failed', 'd1_failed', 'page_failed', 'origin_not_trusted', 'accounts'])
    expect(printed, event).toContain(`'${event}'`);
  const [, payload = '', signature = ''] = user.jwt.split('.');
  const [, cookieValue = ''] = cookie.split('=');
  const secrets = {
    planted: PLANTED,
    'planted in lower case': PLANTED.toLowerCase(),
    jwt: user.jwt,
    'payload of the JWT': payload,
    'signature of the JWT': signature,
    'session token': user.token.split('.')[0] ?? '',
    cookie: decodeURIComponent(cookieValue).split('.')[0] ?? '',
    password: user.password,
    'e-mail address': user.email,
    'operator token': OPERATOR_TOKEN,
  };
  for (const [what, secret] of Object.entries(secrets)) {
    expect(secret.length, what).toBeGreaterThan(7);
    const found = system.lines.filter((line) => line.includes(secret));
    expect(found, what).toEqual([]);
  }
});

test('every log call of the Worker formats errors with the functions that remove secrets', async () => {
  const folder = path.join(PROJECT_ROOT, 'src');
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.tsx?$/.test(file));
  const calls = (
    await Promise.all(files.map(async (file) => readFile(path.join(folder, file), 'utf8')))
  ).flatMap((source) => source.match(/\bconsole\.\w+\([^]*?\);/g) ?? []);
  expect(calls.length).toBeGreaterThan(50);
  expect(
    calls.filter((call) => /String\(|\.(stack|message|url|headers)\b|\.req\.path\b(?!\))/.test(call)),
  ).toEqual([]);
});

interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly json?: object;
}

async function call(path: string, { method, headers, body, json }: Call = {}): Promise<Response> {
  const response = await fetch(`${system.origin}${path}`, {
    method: method ?? (json === undefined ? 'GET' : 'POST'),
    headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    body: json === undefined ? (body ?? null) : JSON.stringify(json),
    redirect: 'manual',
  });
  await response.text();
  return response;
}

/** Opens a socket, sends a frame if it is let in, and waits for its end, or a moment where nothing ends it. */
async function connect(
  path: string,
  protocols: string[] = [],
  frame?: Uint8Array<ArrayBuffer>,
): Promise<void> {
  // Node's own takes headers too (undici), which its types leave out.
  const options = { protocols, headers: { 'user-agent': randomBytes(4).toString('hex') } };
  const socket: WebSocket = Reflect.construct(WebSocket, [`${system.wsOrigin}${path}`, options]);
  const ended = new Promise<void>((resolve) => {
    socket.addEventListener('error', () => resolve());
    socket.addEventListener('close', () => resolve());
  });
  const opened = new Promise<void>((resolve) => {
    socket.addEventListener('open', () => {
      if (frame !== undefined) socket.send(frame);
      setTimeout(resolve, 200);
    });
  });
  await Promise.race([ended, opened]);
  socket.close();
}

/** While this runs, D1 lacks a table. */
async function without(table: string, act: () => Promise<void>): Promise<void> {
  inDatabase(registry, `ALTER TABLE "${table}" RENAME TO "${table}_away"`);
  await act();
  inDatabase(registry, `ALTER TABLE "${table}_away" RENAME TO "${table}"`);
}
