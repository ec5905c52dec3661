import { describe, expect, test } from 'vitest';
import { connect, ORIGIN } from '../support/auth-app.ts';
import {
  bearer,
  createBrokenDatabase,
  fetchJwt,
  inSeconds,
  signLocalJwt,
  signUpUser,
} from '../support/auth-users.ts';

const FOREIGN = 'https://app.example';

describe('upgrades', () => {
  test('Authorization, cookie, subprotocol and query each open a socket', async () => {
    const user = await signUpUser();
    const jwt = await fetchJwt(user);
    const ways = [
      connect('/whoami', { headers: bearer(user.sessionToken) }),
      connect('/whoami', { headers: bearer(jwt) }),
      connect('/whoami', { headers: { cookie: user.cookie, origin: ORIGIN } }),
      connect('/whoami', { headers: { 'sec-websocket-protocol': `roomkeeper, bearer.${jwt}` } }),
      connect(`/whoami?token=${jwt}`),
    ];
    for (const outcome of await Promise.all(ways)) {
      expect(outcome).toMatchObject({ principal: { userId: user.id, expiresAt: expect.any(Number) } });
    }
  });

  test('the response selects the plain subprotocol, not the token', async () => {
    const jwt = await signLocalJwt({});
    const headers = { 'sec-websocket-protocol': `bearer.${jwt}, roomkeeper` };
    expect(await connect('/whoami', { headers })).toMatchObject({ subprotocol: 'roomkeeper' });
  });

  test('without a credential the socket is closed with 4401', async () => {
    expect(await connect('/whoami')).toMatchObject({
      code: 4401,
      reason: expect.stringContaining('Sign in'),
    });
  });

  test.each([
    ['an expired token', () => signLocalJwt({ exp: inSeconds(-1) })],
    ['a token that never expires', () => signLocalJwt({ exp: undefined })],
    ['a token of another secret', () => signLocalJwt({}, 'another-secret-of-at-least-32-characters')],
    ['a session token', async () => (await signUpUser()).sessionToken],
    ['nonsense', async () => 'nonsense'],
    ['nothing', async () => ''],
  ])('%s closes the socket with 4401, by subprotocol and by query', async (_what, make) => {
    const token = await make();
    const headers = { 'sec-websocket-protocol': `roomkeeper, bearer.${token}` };
    expect(await connect('/whoami', { headers })).toMatchObject({ code: 4401, subprotocol: 'roomkeeper' });
    expect(await connect(`/whoami?token=${token}`)).toMatchObject({ code: 4401 });
  });

  test('the query accepts only short-lived tokens, the subprotocol accepts all', async () => {
    const long = await signLocalJwt({ exp: inSeconds(3_700) });
    expect(await connect(`/whoami?token=${long}`)).toMatchObject({ code: 4401 });
    const headers = { 'sec-websocket-protocol': `bearer.${long}` };
    expect(await connect('/whoami', { headers })).toHaveProperty('principal');
    const short = await signLocalJwt({ exp: inSeconds(3_500) });
    expect(await connect(`/whoami?token=${short}`)).toHaveProperty('principal');
  });

  test('an invalid Authorization closes the socket even with a valid token', async () => {
    const jwt = await signLocalJwt({});
    expect(await connect(`/whoami?token=${jwt}`, { headers: bearer('nonsense') })).toMatchObject({
      code: 4401,
    });
  });

  test('a cookie with another Origin, or without one, closes the socket with 4403', async () => {
    const { cookie } = await signUpUser();
    for (const origin of [FOREIGN, 'null', `${ORIGIN}.evil.example`]) {
      expect(await connect('/whoami', { headers: { cookie, origin } })).toMatchObject({ code: 4403 });
    }
    expect(await connect('/whoami', { headers: { cookie } })).toMatchObject({ code: 4403 });
  });

  test('a page of another origin connects with its token even if the browser sends a cookie', async () => {
    const [ada, eve] = [await signUpUser(), await signUpUser()];
    const jwt = await fetchJwt(ada);
    const headers = {
      cookie: eve.cookie,
      origin: FOREIGN,
      'sec-websocket-protocol': `roomkeeper, bearer.${jwt}`,
    };
    expect(await connect('/whoami', { headers })).toMatchObject({
      principal: { userId: ada.id, via: 'jwt' },
    });
    const bad = { ...headers, 'sec-websocket-protocol': 'roomkeeper, bearer.nonsense' };
    expect(await connect('/whoami', { headers: bad })).toMatchObject({ code: 4401 });
  });

  test('from the same origin, the cookie has priority over the token', async () => {
    const [ada, eve] = [await signUpUser(), await signUpUser()];
    const headers = { cookie: ada.cookie, origin: ORIGIN };
    const outcome = await connect(`/whoami?token=${await fetchJwt(eve)}`, { headers });
    expect(outcome).toMatchObject({ principal: { userId: ada.id, via: 'session' } });
  });

  test('a token opens a socket while the database is unreachable; a session closes it with 1013', async () => {
    const bindings = { DB: createBrokenDatabase() };
    const user = await signUpUser();
    const jwt = await fetchJwt(user);
    expect(await connect(`/whoami?token=${jwt}`, { bindings })).toHaveProperty('principal');
    const headers = { cookie: user.cookie, origin: ORIGIN };
    expect(await connect('/whoami', { bindings, headers })).toMatchObject({ code: 1013 });
    expect(await connect(`/whoami?token=${jwt}`, { bindings, headers })).toHaveProperty('principal');
  });
});
