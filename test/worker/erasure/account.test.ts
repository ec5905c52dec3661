import { env } from 'cloudflare:workers';
import { importJWK, SignJWT } from 'jose';
import { describe, expect, inject, it } from 'vitest';
import { ORIGIN } from '../support/auth-app.ts';
import {
  bearer,
  getSessionCookie,
  fetchJwt,
  PASSWORD,
  readSessionId,
  signInAgain,
  signUpUser,
  type TestUser,
} from '../support/auth-users.ts';
import { openSocket, send, sendJson } from '../support/whole-worker.ts';
import { closeCodes, openEachWay, run, runCron } from '../credentials/signed-in.ts';
import {
  readContent,
  deleteAccount,
  NOTHING,
  createOwner,
  readRows,
  readTrail,
  untilErased,
} from './erasing.ts';

const OPERATOR = bearer('test-operator-token-of-at-least-32-characters');

async function grownOld(user: TestUser): Promise<void> {
  await run('UPDATE session SET created_at = created_at - 172800000 WHERE id = ?', await readSessionId(user));
}

async function remove(headers: Record<string, string>, body: BodyInit | null = null): Promise<Response> {
  return send('/api/account', { method: 'DELETE', headers, body });
}

const WAYS: [string, (user: TestUser) => Promise<Response>][] = [
  ['DELETE /api/account with the session token', deleteAccount],
  ['DELETE /api/account with the cookie', ({ cookie }) => remove({ cookie, origin: ORIGIN })],
  [
    'DELETE /api/account with an old session and the password',
    async (user) => {
      await grownOld(user);
      return remove(bearer(user.sessionToken), JSON.stringify({ password: PASSWORD }));
    },
  ],
  [
    'Better Auth’s delete-user',
    ({ cookie }) => sendJson('/api/auth/delete-user', { password: PASSWORD }, { cookie, origin: ORIGIN }),
  ],
];

describe('an account', () => {
  it.each(WAYS)('deleted by %s leaves nothing', async (_way, deleteIt) => {
    const owner = await createOwner(['notes', 'plans']);
    const sockets = await openEachWay(owner);
    await run(
      `INSERT INTO verification (id, identifier, value, expires_at) VALUES (?1, 'change-' || ?2, 'x', 9e12)`,
      owner.id,
      owner.email,
    );
    const response = await deleteIt(owner);
    expect(response.status).toBe(202);
    const { erasure } = await response.json<{ erasure: { id: string } }>();
    expect(erasure).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{32}$/), finishedAt: null });
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401]);

    const row = await untilErased(owner);
    expect(row).toMatchObject({ id: erasure.id, requested_by: 'user', rooms_found: 2, rooms_erased: 2 });
    expect(await readRows(owner)).toEqual(NOTHING);
    for (const room of owner.rooms) {
      expect(await readContent(owner, room)).toBe('marker');
      expect((await send(`/documents/${room}`, { headers: bearer(owner.jwt) })).status).toBe(410);
    }
  });

  it('has no session and refuses sign-ins once its deletion is confirmed', async () => {
    const here = await signUpUser();
    const elsewhere = await signInAgain(here);
    const { headers } = await remove({ cookie: here.cookie, origin: ORIGIN });
    expect(getSessionCookie(new Response(null, { headers }))).toMatch(/session_token=(;|$)/);
    for (const { sessionToken } of [here, elsewhere]) {
      expect((await send('/api/instances', { headers: bearer(sessionToken) })).status).toBe(401);
    }
    const { email } = here;
    expect((await sendJson('/api/auth/sign-in/email', { email, password: PASSWORD })).status).toBe(401);
    await untilErased(here);
    expect((await sendJson('/api/auth/sign-in/email', { email, password: PASSWORD })).status).toBe(401);
  });

  it('releases its e-mail address, and a new account with it sees no old data', async () => {
    const before = await createOwner(['notes']);
    await deleteAccount(before);
    await untilErased(before);
    const after = await signUpUser(before.email);
    expect(after.id).not.toBe(before.id);
    const { instances } = await (
      await send('/api/instances', { headers: bearer(after.sessionToken) })
    ).json<{ instances: unknown[] }>();
    expect(instances).toEqual([]);
    expect((await send('/documents/notes', { headers: bearer(after.sessionToken) })).status).toBe(404);
  });

  it.each([
    ['no credential', 401, async () => remove({})],
    ['a machine operator', 403, async () => remove(OPERATOR)],
    ['a JWT', 403, async (user: TestUser) => remove(bearer(await fetchJwt(user)))],
    [
      'a cookie from another site',
      403,
      async ({ cookie }: TestUser) => remove({ cookie, origin: 'https://evil.example' }),
    ],
    ['a cookie without an Origin', 403, async ({ cookie }: TestUser) => remove({ cookie })],
    [
      'a cookie without an Origin, to Better Auth',
      403,
      async ({ cookie }: TestUser) => sendJson('/api/auth/delete-user', {}, { cookie }),
    ],
    [
      'a wrong password',
      400,
      async ({ sessionToken }: TestUser) => remove(bearer(sessionToken), '{"password":"wrong password"}'),
    ],
    [
      'an old session without the password',
      400,
      async (user: TestUser) => {
        await grownOld(user);
        return remove(bearer(user.sessionToken));
      },
    ],
    [
      'an old session with an empty password',
      400,
      async (user: TestUser) => {
        await grownOld(user);
        return remove(bearer(user.sessionToken), '{"password":""}');
      },
    ],
    ['no JSON', 400, async ({ sessionToken }: TestUser) => remove(bearer(sessionToken), 'yes')],
    ['a list', 400, async ({ sessionToken }: TestUser) => remove(bearer(sessionToken), '[]')],
    [
      'a password that is none',
      400,
      async ({ sessionToken }: TestUser) => remove(bearer(sessionToken), '{"password":1}'),
    ],
    [
      'too long a body',
      413,
      async ({ sessionToken }: TestUser) => remove(bearer(sessionToken), ' '.repeat(5_000)),
    ],
  ])('is not deleted by %s (%i)', async (_who, status, attempt) => {
    const user = await signUpUser();
    const response = await attempt(user);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await readTrail(user)).toEqual([]);
    expect((await send('/api/instances', { headers: bearer(user.sessionToken) })).status).toBe(200);
  });

  it('can be removed by operators only, and is then erased', async () => {
    const operator = await signUpUser();
    await run(`UPDATE user SET role = 'admin' WHERE id = ?`, operator.id);
    const owner = await createOwner(['notes']);
    const removal = async (by: TestUser) =>
      sendJson('/api/auth/admin/remove-user', { userId: owner.id }, bearer(by.sessionToken));
    expect((await removal(await signUpUser())).status).toBe(403);
    expect(await readTrail(owner)).toEqual([]);
    expect((await removal(operator)).status).toBe(200);
    expect(await untilErased(owner)).toMatchObject({ requested_by: 'operator', rooms_erased: 1 });
    expect(await readRows(owner)).toEqual(NOTHING);
    expect(await readContent(owner, 'notes')).toBe('marker');
  });

  it('whose row is deleted by hand is erased with its rooms', async () => {
    const owner = await createOwner(['notes', 'plans']);
    await run('DELETE FROM user WHERE id = ?', owner.id);
    await runCron();
    expect(await untilErased(owner)).toMatchObject({ requested_by: 'database', rooms_erased: 2 });
    for (const room of owner.rooms) expect(await readContent(owner, room)).toBe('marker');
    expect(await readRows(owner)).toEqual(NOTHING);
    expect(await readTrail(owner)).toHaveLength(1);
  });

  it('of an external user is deleted with its token and can be created again', async () => {
    const { url, ed25519 } = inject('externalIssuer');
    const bindings = { AUTH_JWKS_URL: `${url}/jwks`, AUTH_ISSUER: url, AUTH_AUDIENCE: 'rooms' };
    const sub = crypto.randomUUID();
    const token = await new SignJWT({ sub, iss: url, aud: 'rooms', exp: Math.floor(Date.now() / 1000) + 600 })
      .setProtectedHeader({ alg: 'EdDSA', kid: ed25519.kid ?? '' })
      .sign(await importJWK(ed25519, 'EdDSA'));
    const user = { id: `${url}#${sub}` };
    const ask = async (path: string, method: string) =>
      send(path, { method, headers: bearer(token) }, bindings);

    expect((await ask('/documents/notes', 'PUT')).status).toBe(201);
    const socket = await openSocket('/documents/notes', bearer(token), bindings);
    expect((await ask('/api/account', 'DELETE')).status).toBe(202);
    expect((await socket.closed).code).toBe(4401);
    const { user_id } = await untilErased(user);
    expect(user_id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await readRows(user)).toEqual(NOTHING);
    expect((await ask('/documents/notes', 'GET')).status).toBe(410);

    expect((await ask('/documents/later', 'PUT')).status).toBe(201);
    expect(await readContent(user, 'later')).toBe('content');
    expect((await ask('/api/account', 'DELETE')).status).toBe(202);
    await untilErased(user);
    expect(await readTrail(user)).toHaveLength(2);
    expect(await readContent(user, 'later')).toBe('marker');
  });

  it('deleted twice concurrently is erased once', async () => {
    const owner = await createOwner(['notes']);
    const statuses = (await Promise.all([deleteAccount(owner), deleteAccount(owner)])).map(
      ({ status }) => status,
    );
    expect(statuses).toContain(202);
    await untilErased(owner);
    expect(await readTrail(owner)).toHaveLength(1);
  });

  it('stays unchanged if D1 fails', async () => {
    const owner = await createOwner(['notes']);
    await env.DB.exec('ALTER TABLE ended_session RENAME TO hidden');
    const response = await deleteAccount(owner);
    await env.DB.exec('ALTER TABLE hidden RENAME TO ended_session');
    expect(response.status).toBe(503);
    expect((await send('/documents/notes', { headers: bearer(owner.sessionToken) })).status).toBe(200);
    expect(await readTrail(owner)).toEqual([]);
  });
});
