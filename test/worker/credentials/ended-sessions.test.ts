import { runDurableObjectAlarm } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { ORIGIN } from '../support/auth-app.ts';
import {
  bearer,
  createBrokenDatabase,
  fetchJwt,
  PASSWORD,
  readSessionId,
  signInAgain,
  signUpUser,
  type TestUser,
} from '../support/auth-users.ts';
import { frames, RawSocket, read } from '../support/raw-socket.ts';
import { runAlarmsUntilIdle, createRoomUser, getRoomStub } from '../support/room-app.ts';
import { openSocket, send, sendJson } from '../support/whole-worker.ts';
import {
  closeCodes,
  expectOpen,
  hibernate,
  openEachWay,
  PATH,
  readQueue,
  run,
  runCron,
} from './signed-in.ts';

type End = (user: TestUser, elsewhere: TestUser) => Promise<void>;

const post = async (path: string, body: unknown, headers: Record<string, string>) => {
  const response = await sendJson(path, body, headers);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
};

async function operator(): Promise<TestUser> {
  const user = await signUpUser();
  await run(`UPDATE user SET role = 'admin' WHERE id = ?`, user.id);
  return user;
}

/** What ends one session, at once where it is done over HTTP. */
const ENDS_ONE: [string, End][] = [
  ['signing out with the cookie', ({ cookie }) => post('/api/auth/sign-out', {}, { cookie, origin: ORIGIN })],
  [
    'signing out with the session token',
    ({ sessionToken }) => post('/api/auth/sign-out', {}, bearer(sessionToken)),
  ],
  [
    'signing out on the page',
    async ({ cookie }) => {
      const headers = { cookie, origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' };
      expect((await send('/sign-out', { method: 'POST', headers })).status).toBe(303);
    },
  ],
  [
    'revoking it from another session',
    ({ sessionToken }, elsewhere) =>
      post('/api/auth/revoke-session', { token: sessionToken }, bearer(elsewhere.sessionToken)),
  ],
  [
    'revoking all others from another session',
    (_user, elsewhere) => post('/api/auth/revoke-other-sessions', {}, bearer(elsewhere.sessionToken)),
  ],
  [
    'removing its row',
    async (user) => {
      await run('DELETE FROM session WHERE id = ?', await readSessionId(user));
      await runCron();
    },
  ],
];

/** What ends every session of the account. */
const ENDS_ALL: [string, End][] = [
  [
    'a new password that revokes the other sessions',
    (user) =>
      post(
        '/api/auth/change-password',
        { currentPassword: PASSWORD, newPassword: `${PASSWORD}!`, revokeOtherSessions: true },
        bearer(user.sessionToken),
      ),
  ],
  [
    'a ban by an operator',
    async ({ id }) =>
      post('/api/auth/admin/ban-user', { userId: id }, bearer((await operator()).sessionToken)),
  ],
  [
    'a ban typed into the database',
    async ({ id }) => {
      await run('UPDATE user SET banned = 1 WHERE id = ?', id);
      await runCron();
    },
  ],
  [
    'removing the account’s row',
    async ({ id }) => {
      await run('DELETE FROM user WHERE id = ?', id);
      await runCron();
    },
  ],
];

describe.each([
  ['awake', async () => {}],
  ['hibernating', (user: TestUser) => hibernate(user)],
])('the sockets in a room that is %s', (_how, settle) => {
  it.each(ENDS_ONE)(
    '%s ends those of the session with 4401, however they were opened, and no others',
    async (_what, end) => {
      const here = await signUpUser();
      const elsewhere = await signInAgain(here);
      const ended = await openEachWay(here);
      const other = await openEachWay(elsewhere);
      await settle(here);
      await end(here, elsewhere);
      expect(await closeCodes(ended)).toEqual([4401, 4401, 4401]);
      for (const socket of other) await expectOpen(socket);
      expect(await readQueue(here)).toEqual([]);
    },
  );

  it.each(ENDS_ALL)('%s ends all of the account with 4401', async (_what, end) => {
    const here = await signUpUser();
    const elsewhere = await signInAgain(here);
    const sockets = [...(await openEachWay(here)), ...(await openEachWay(elsewhere))];
    const bystander = await signUpUser();
    const [undisturbed] = await openEachWay(bystander);
    await settle(here);
    await end(here, elsewhere);
    expect(await closeCodes(sockets)).toEqual(sockets.map(() => 4401));
    if (undisturbed !== undefined) await expectOpen(undisturbed);
    expect(await readQueue(here)).toEqual([]);
  });

  it('remove the presence of closed sockets and keep the others open', async () => {
    const here = await signUpUser();
    const elsewhere = await signInAgain(here);
    const [leaver] = await openEachWay(here);
    const [stays, reader] = await openEachWay(elsewhere);
    if (leaver === undefined || stays === undefined || reader === undefined) throw new Error('no sockets');
    leaver.send(frames.awareness(1, 1, 'leaver'));
    await leaver.waitUntilHandled();
    expect(read(await stays.next()).clients).toEqual({ 1: 'leaver' });
    expect(read(await reader.next()).clients).toEqual({ 1: 'leaver' });
    await settle(here);
    await post('/api/auth/sign-out', {}, bearer(here.sessionToken));
    expect(read(await stays.next()).clients).toEqual({ 1: null });
    expect(read(await reader.next()).clients).toEqual({ 1: null });
    stays.send(frames.awareness(2, 1, 'still here'));
    expect(read(await reader.next()).clients).toEqual({ 2: 'still here' });
  });
});

describe('an ended session', () => {
  it('closes its sockets in all rooms of the user', async () => {
    const user = await signUpUser();
    const paths = ['/documents/a', '/documents/b', '/workspaces/a', '/workspaces/%C3%A9%3A%25%20'];
    const sockets = await Promise.all(paths.map((path) => openSocket(path, bearer(user.sessionToken))));
    await post('/api/auth/sign-out', {}, bearer(user.sessionToken));
    expect(await closeCodes(sockets)).toEqual(paths.map(() => 4401));
  });

  it('closes its sockets in a room whose last recorded use was before the session', async () => {
    const before = await signUpUser();
    await openEachWay(before);
    const after = await signInAgain(before);
    const sockets = await openEachWay(after);
    await post('/api/auth/sign-out', {}, bearer(after.sessionToken));
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401]);
  });

  it('after a plain statement, the next successful account change closes its sockets', async () => {
    const user = await signUpUser();
    const sockets = await openEachWay(user);
    await run('DELETE FROM session WHERE user_id = ?', user.id);
    const signIn = { email: user.email, password: 'a wrong password' };
    expect((await sendJson('/api/auth/sign-in/email', signIn)).status).toBe(401);
    expect(await readQueue(user)).toHaveLength(1);
    await post('/api/auth/sign-in/email', { ...signIn, password: PASSWORD }, {});
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401]);
  });

  it('leaves no entry if it had expired', async () => {
    const user = await signUpUser();
    await run('UPDATE session SET expires_at = 1 WHERE user_id = ?', user.id);
    await run('DELETE FROM session WHERE user_id = ?', user.id);
    expect(await readQueue(user)).toEqual([]);
  });

  it('stays queued while D1 fails, and the next run closes its sockets', async () => {
    const user = await signUpUser();
    const sockets = await openEachWay(user);
    const [first] = sockets;
    await run('DELETE FROM session WHERE user_id = ?', user.id);
    await run('ALTER TABLE durable_object_instance RENAME TO away');
    try {
      await runCron();
      if (first !== undefined) await expectOpen(first);
    } finally {
      await run('ALTER TABLE away RENAME TO durable_object_instance');
    }
    expect(await readQueue(user)).toHaveLength(1);
    await runCron();
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401]);
    expect(await readQueue(user)).toEqual([]);
  });

  it('does not affect a new session of the user', async () => {
    const user = await signUpUser();
    const sockets = await openEachWay(user);
    await run('DELETE FROM session WHERE user_id = ?', user.id);
    const again = await signInAgain(user);
    const fresh = await openEachWay(again);
    await runCron();
    expect(await closeCodes(sockets)).toEqual([4401, 4401, 4401]);
    for (const socket of fresh) await expectOpen(socket);
  });
});

describe('a ban', () => {
  it('that was lifted early closes no socket opened afterwards', async () => {
    const user = await signUpUser();
    await run('UPDATE user SET banned = 1 WHERE id = ?', user.id);
    await run('DELETE FROM session WHERE user_id = ?', user.id);
    await run('UPDATE user SET banned = 0 WHERE id = ?', user.id);
    const fresh = await openEachWay(await signInAgain(user));
    await runCron();
    for (const socket of fresh) await expectOpen(socket);
    expect(await readQueue(user)).toEqual([]);
  });

  it('is queued when changed, and not queued when written unchanged', async () => {
    const user = await signUpUser();
    const ban = 'UPDATE user SET banned = 1, ban_expires = ?2 WHERE id = ?1';
    await run(ban, user.id, 1);
    expect(await readQueue(user)).toHaveLength(1);
    await runCron();
    await run(ban, user.id, 1);
    await run(`UPDATE user SET name = 'Eve' WHERE id = ?`, user.id);
    expect(await readQueue(user)).toEqual([]);
    await run(ban, user.id, Date.now() + 60_000);
    expect(await readQueue(user)).toMatchObject([{ session_id: '' }]);
  });
});

async function signedOutJwt(): Promise<{ user: TestUser; jwt: string }> {
  const user = await signUpUser();
  const jwt = await fetchJwt(user);
  await post('/api/auth/sign-out', {}, bearer(user.sessionToken));
  return { user, jwt };
}

describe('a JWT of a session that has ended', () => {
  it('opens a socket only until the room has checked the session', async () => {
    const { jwt } = await signedOutJwt();
    const socket = await openSocket(`${PATH}?token=${jwt}`);
    expect((await socket.closed).code).toBe(4401);
  });

  it('opens a socket only briefly, also shortly after another socket of the session', async () => {
    const user = await signUpUser();
    const jwt = await fetchJwt(user);
    const before = await openSocket(`${PATH}?token=${jwt}`);
    await post('/api/auth/sign-out', {}, bearer(user.sessionToken));
    expect((await before.closed).code).toBe(4401);
    expect((await (await openSocket(`${PATH}?token=${jwt}`)).closed).code).toBe(4401);
  });

  it('opens a socket only until the room’s next report, if the room was not notified', async () => {
    const user = await signUpUser();
    const jwt = await fetchJwt(user);
    await openSocket(`${PATH}?token=${jwt}`);
    const room = getRoomStub('document', user.id, 'notes');
    await runAlarmsUntilIdle(room);
    await run('DELETE FROM session WHERE id = ?', await readSessionId(user));
    const socket = await openSocket(`${PATH}?token=${jwt}`);
    expect(await runDurableObjectAlarm(room)).toBe(true);
    expect((await socket.closed).code).toBe(4401);
  });

  it('of a banned user opens a socket only briefly', async () => {
    const user = await signUpUser();
    const jwt = await fetchJwt(user);
    await run('UPDATE user SET banned = 1 WHERE id = ?', user.id);
    expect((await (await openSocket(`${PATH}?token=${jwt}`)).closed).code).toBe(4401);
  });

  it('keeps its socket while D1 fails, until the room’s next report', async () => {
    const { user, jwt } = await signedOutJwt();
    const socket = await openSocket(`${PATH}?token=${jwt}`, {}, { DB: createBrokenDatabase() });
    await expectOpen(socket);
    await hibernate(user);
    await runDurableObjectAlarm(getRoomStub('document', user.id, 'notes'));
    expect((await socket.closed).code).toBe(4401);
  });

  it('does not affect sockets of other users', async () => {
    const user = await signUpUser();
    const elsewhere = await openEachWay(await signInAgain(user));
    const jwt = await fetchJwt(user);
    await post('/api/auth/sign-out', {}, bearer(user.sessionToken));
    expect((await (await openSocket(`${PATH}?token=${jwt}`)).closed).code).toBe(4401);
    for (const socket of elsewhere) await expectOpen(socket);
  });
});

describe('an upgrade during sign-out', () => {
  it('is closed when it is recorded, if its session has ended', async () => {
    const user = await signUpUser();
    // The credential was found good; by the time at which the room has the socket, the session is gone.
    for (const [sessionId, isOver] of [
      ['gone', true],
      [await readSessionId(user), false],
    ] as const) {
      const someone = await createRoomUser({ sessionId });
      const socket = await RawSocket.open(someone, PATH);
      await someone.settle();
      if (isOver) expect((await socket.closed).code).toBe(4401);
      else await expectOpen(socket);
    }
  });

  it('without a session needs no session check', async () => {
    const someone = await createRoomUser();
    const socket = await RawSocket.open(someone, PATH);
    await someone.settle();
    await runDurableObjectAlarm(getRoomStub('document', someone.userId, 'notes'));
    await expectOpen(socket);
  });
});
