import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ORIGIN } from '../support/auth-app.ts';
import {
  bearer,
  fetchJwt,
  createEmail,
  PASSWORD,
  signInAgain,
  signUpUser,
  type TestUser,
} from '../support/auth-users.ts';
import { createDocWithText, encodeSyncBody } from '../support/room-app.ts';
import { type Refusal, refuseWrites } from '../support/refused-writes.ts';
import { openSocket, send, sendJson } from '../support/whole-worker.ts';
import * as Y from 'yjs';

const DAY_MS = 24 * 60 * 60_000;

let user: TestUser;
let jwt: string;
let recover = async () => {};

beforeEach(async () => {
  user = await signUpUser();
  jwt = await fetchJwt(user);
  vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(async () => {
  await recover();
  recover = async () => {};
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const refuseUntilRecovered = async (refusal: Refusal) => {
  recover = await refuseWrites(refusal);
};
const readyAfter = async (ms: number) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
  return send('/readyz');
};
/** Submits a form of the pages. */
const submit = (path: string, fields: Record<string, string>, cookie = '') =>
  send(path, {
    method: 'POST',
    headers: { origin: ORIGIN, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  });

describe.each(['full', 'over-limit'] as const)('a database that is %s', (refusal) => {
  const expectedText = refusal === 'full' ? 'The database is full' : 'reached its daily limit';

  it('makes /readyz answer 503 until it accepts writes again', async () => {
    expect((await readyAfter(10_000)).status).toBe(200);
    // Removes the last successful check.
    await env.DB.prepare('DELETE FROM d1_write_check').run();
    await refuseUntilRecovered(refusal);
    const response = await readyAfter(10_000);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({
      ready: false,
      d1: refusal,
      detail: expect.stringContaining(expectedText),
    });
    await recover();
    recover = async () => {};
    expect((await readyAfter(10_000)).status).toBe(200);
  });

  it('makes requests that write accounts answer 503 with the reason and Retry-After', async () => {
    const others = await signInAgain(user);
    const signedIn = { cookie: user.cookie, origin: ORIGIN };
    await refuseUntilRecovered(refusal);
    const calls: [string, unknown, Record<string, string>][] = [
      ['/sign-up/email', { name: 'Ada', email: createEmail(), password: PASSWORD }, {}],
      ['/sign-in/email', { email: user.email, password: PASSWORD }, {}],
      ['/sign-in/email', { email: user.email, password: 'not the right one' }, {}],
      ['/sign-out', {}, signedIn],
      ['/revoke-session', { token: others.sessionToken }, signedIn],
      ['/revoke-other-sessions', {}, signedIn],
      ['/revoke-sessions', {}, signedIn],
      ['/delete-user', { password: PASSWORD }, signedIn],
      ...(refusal === 'over-limit'
        ? ([
            ['/change-password', { currentPassword: PASSWORD, newPassword: `${PASSWORD} 2` }, signedIn],
            ['/update-user', { name: 'Eva' }, signedIn],
          ] satisfies [string, unknown, Record<string, string>][])
        : []),
    ];
    for (const [path, body, headers] of calls) {
      const response = await sendJson(`/api/auth${path}`, body, headers);
      const { detail } = await response.json<{ detail?: string }>();
      expect({ path, status: response.status, detail }).toEqual({
        path,
        status: 503,
        detail: expect.stringContaining(expectedText),
      });
      expect(Number(response.headers.get('retry-after')), path).toBeGreaterThan(0);
      expect(response.headers.getSetCookie(), path).toEqual([]);
    }
    const session = await send('/api/auth/get-session', { headers: { cookie: user.cookie } });
    expect(await session.json(), 'the user is still signed in').toMatchObject({ user: { id: user.id } });
  });

  it('makes forms of the pages answer 503 with the reason', async () => {
    await refuseUntilRecovered(refusal);
    const forms: [string, Record<string, string>, string][] = [
      ['/sign-up', { name: 'Ada', email: createEmail(), password: PASSWORD }, ''],
      ['/sign-in', { email: user.email, password: PASSWORD }, ''],
      ['/sign-out', {}, user.cookie],
      ['/dashboard/account/password', { password: PASSWORD, newPassword: `${PASSWORD} 2` }, user.cookie],
      ['/dashboard/account/delete', { password: PASSWORD, email: user.email }, user.cookie],
    ];
    for (const [path, fields, cookie] of forms) {
      const response = await submit(path, fields, cookie);
      expect([path, response.status]).toEqual([path, 503]);
      expect(await response.text()).toContain(expectedText);
    }
  });

  it('keeps sessions valid that cannot be extended', async () => {
    await env.DB.prepare(
      'UPDATE session SET updated_at = updated_at - ?2, expires_at = expires_at - ?2 WHERE user_id = ?1',
    )
      .bind(user.id, 2 * DAY_MS)
      .run();
    await refuseUntilRecovered('over-limit');
    const headers = { cookie: user.cookie };
    expect(await (await send('/api/auth/get-session', { headers })).json()).toMatchObject({
      user: { id: user.id },
    });
    const token = await send('/api/auth/token', { headers });
    expect(token.status).toBe(200);
    expect((await send('/dashboard', { headers })).status).toBe(200);
    expect((await send('/dashboard/account', { headers })).status).toBe(200);
  });

  it('does not affect creating, reading, editing and deleting rooms', async () => {
    await refuseUntilRecovered(refusal);
    const headers = bearer(jwt);
    const path = '/documents/d';
    expect((await send(path, { method: 'PUT', headers })).status).toBe(201);
    const body = encodeSyncBody(new Uint8Array([0]), Y.encodeStateAsUpdate(createDocWithText('text')));
    expect((await send(path, { method: 'POST', headers, body })).status).toBe(200);
    const socket = await openSocket(path, headers);
    await socket.waitUntilHandled();
    expect((await send(path, { headers })).status).toBe(200);
    expect((await send('/api/instances', { headers })).status).toBe(200);
    expect((await send(path, { method: 'DELETE', headers })).status).toBe(204);
    expect((await send(path, { headers })).status).toBe(410);
  });
});
