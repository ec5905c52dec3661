import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { ask, cookieOf, newUser, PASSWORD, send } from './site.ts';

const ACCOUNT = '/dashboard/account';
const NEW_PASSWORD = 'another horse battery';

type User = Awaited<ReturnType<typeof newUser>>;
/** Of the tests that change nothing of his; hashing his password is what takes them longest. */
let user: User;
beforeAll(async () => {
  user = await newUser();
});

/** The session of another browser of the user's. */
async function signInElsewhere({ email }: User, password = PASSWORD): Promise<string> {
  const response = await send(
    '/sign-in',
    { email, password },
    { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
  );
  expect(response.status).toBe(303);
  return cookieOf(response);
}

const isSignedIn = async (cookie: string): Promise<boolean> =>
  (await ask(ACCOUNT, { headers: { cookie } })).status === 200;

async function page(cookie: string, path = ACCOUNT): Promise<string> {
  const response = await ask(path, { headers: { cookie } });
  expect(response.status).toBe(200);
  return response.text();
}

/** Sends a form of the account page, unless told as the user of the tests that change nothing. */
const post = (form: string, fields: Record<string, string>, { cookie }: User = user): Promise<Response> =>
  send(`${ACCOUNT}/${form}`, fields, { cookie });

/** Follows what a form came to. */
async function submitted(path: string, fields: Record<string, string>, cookie: string): Promise<string> {
  const response = await send(path, fields, { cookie });
  expect(response.status).toBe(303);
  return page(withFresh(cookie, cookieOf(response)), response.headers.get('location') ?? '');
}

/** What a browser sends that had some cookies and was given others. */
function withFresh(...cookies: readonly string[]): string {
  const jar = new Map(
    cookies.flatMap((header) => header.split('; ')).map((cookie) => [cookie.split('=')[0], cookie]),
  );
  return [...jar.values()].join('; ');
}

async function expectRefusal(response: Response, status: number, id: string): Promise<void> {
  expect(response.status).toBe(status);
  const shown = await response.text();
  expect(shown).toMatch(new RegExp(`<input id="${id}"[^>]* aria-invalid="true"`));
  expect(shown).toContain(`id="${id}-error" role="alert"`);
}

describe('the account page', () => {
  it('is for who is signed in', async () => {
    const response = await ask(ACCOUNT);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/sign-in?next=%2Fdashboard%2Faccount');
  });

  it('says nothing that stands in the address', async () => {
    expect(await page(user.cookie, `${ACCOUNT}?done=%3Cb%3EHello`)).not.toContain('Hello');
    expect(await page(user.cookie, `${ACCOUNT}?done=toString`)).not.toContain('class="notice"');
    expect(await page(user.cookie, `${ACCOUNT}?done=name`)).toContain('Your name is changed.');
  });

  it('is not sent again to who has it', async () => {
    const user = await newUser();
    const first = await ask(ACCOUNT, { headers: { cookie: user.cookie } });
    const etag = first.headers.get('etag') ?? '';
    const headers = { cookie: user.cookie, 'if-none-match': etag };
    expect((await ask(ACCOUNT, { headers })).status).toBe(304);
    await signInElsewhere(user);
    expect((await ask(ACCOUNT, { headers })).status).toBe(200);
  });

  it('is followed at its own address, also where it shows a form that was refused', async () => {
    const refused = await (await post('name', { name: '' })).text();
    const [, address = ''] = /<link rel="canonical" href="([^"]*)"/.exec(refused) ?? [];
    const [, etag = ''] = /<meta name="etag" content="([^"]*)"/.exec(refused) ?? [];
    const headers = { cookie: user.cookie, 'if-none-match': etag.replaceAll('&quot;', '"') };
    expect(address).toBe(ACCOUNT);
    expect((await ask(address, { headers })).status).toBe(304);
  });
});

describe('the name', () => {
  it('is changed, and shown as what it is, never run', async () => {
    const user = await newUser();
    const name = '<script>alert(1)</script>\u202eada';
    const shown = await submitted(`${ACCOUNT}/name`, { name }, user.cookie);
    expect(shown).toContain('Your name is changed.');
    expect(shown).not.toContain('<script>alert');
    const mark = '<span class="code-point">U+202E</span>';
    expect(shown).toContain(`<bdi>&lt;script&gt;alert(1)&lt;/script&gt;${mark}ada</bdi>`);
  });

  it.each(['', '   ', 'x'.repeat(201)])('that cannot be one is refused beside it', async (name) => {
    await expectRefusal(await send(`${ACCOUNT}/name`, { name }, { cookie: user.cookie }), 400, 'name-name');
  });
});

describe('the password', () => {
  it('is changed, signs out all other sessions and keeps this browser signed in', async () => {
    const user = await newUser();
    const elsewhere = await signInElsewhere(user);
    const shown = await submitted(
      `${ACCOUNT}/password`,
      { password: PASSWORD, newPassword: NEW_PASSWORD },
      user.cookie,
    );
    expect(shown).toContain('Your password is changed.');
    expect(await isSignedIn(elsewhere)).toBe(false);
    expect((await send('/sign-in', { email: user.email, password: PASSWORD })).status).toBe(401);
    expect((await send('/sign-in', { email: user.email, password: NEW_PASSWORD })).status).toBe(303);
  });

  it('that is wrong or too short is refused at its input, and nothing is changed', async () => {
    const wrong = await post('password', { password: 'wrong horse battery', newPassword: NEW_PASSWORD });
    await expectRefusal(wrong, 400, 'password-password');
    await expectRefusal(
      await post('password', { password: PASSWORD, newPassword: 'short' }),
      400,
      'password-newPassword',
    );
    await expectRefusal(
      await post('password', { password: '', newPassword: NEW_PASSWORD }),
      400,
      'password-password',
    );
    expect(await isSignedIn(user.cookie)).toBe(true);
    expect((await send('/sign-in', { email: user.email, password: PASSWORD })).status).toBe(303);
  });

  it('is never shown again', async () => {
    const response = await post('password', { password: 'wrong horse battery', newPassword: NEW_PASSWORD });
    const shown = await response.text();
    expect(shown).not.toContain('wrong horse');
    expect(shown).not.toContain(NEW_PASSWORD);
  });
});

describe('the e-mail address', () => {
  it('is changed by who knows the password, at once, and counts as not verified', async () => {
    const user = await newUser();
    await env.DB.prepare('UPDATE user SET email_verified = 1 WHERE id = ?').bind(user.id).run();
    const email = `${crypto.randomUUID()}@example.com`;
    const shown = await submitted(
      `${ACCOUNT}/email`,
      { email: email.toUpperCase(), password: PASSWORD },
      user.cookie,
    );
    expect(shown).toContain(email);
    expect((await send('/sign-in', { email: user.email, password: PASSWORD })).status).toBe(401);
    expect((await send('/sign-in', { email, password: PASSWORD })).status).toBe(303);
    const verified = env.DB.prepare('SELECT email_verified AS verified FROM user WHERE id = ?');
    expect(await verified.bind(user.id).first('verified')).toBe(0);
  });

  it('stays verified where it is "changed" to what it is', async () => {
    const user = await newUser();
    await env.DB.prepare('UPDATE user SET email_verified = 1 WHERE id = ?').bind(user.id).run();
    await submitted(`${ACCOUNT}/email`, { email: user.email, password: PASSWORD }, user.cookie);
    const verified = env.DB.prepare('SELECT email_verified AS verified FROM user WHERE id = ?');
    expect(await verified.bind(user.id).first('verified')).toBe(1);
  });

  it('of another account is refused beside it, however it is written, and nobody loses his', async () => {
    const other = await newUser('Eve');
    const taken = await post('email', { email: other.email.toUpperCase(), password: PASSWORD });
    await expectRefusal(taken, 422, 'email-email');
    expect((await send('/sign-in', { email: other.email, password: PASSWORD })).status).toBe(303);
    expect((await send('/sign-in', { email: user.email, password: PASSWORD })).status).toBe(303);
  });

  it('is not changed with a wrong password, and not told whether it is taken', async () => {
    const other = await newUser('Eve');
    const wrong = await post('email', { email: other.email, password: 'wrong horse battery' });
    await expectRefusal(wrong, 400, 'email-password');
  });

  it.each(['', 'ada', `${'x'.repeat(250)}@example.com`])(
    'that cannot be one is refused beside it',
    async (email) => {
      await expectRefusal(await post('email', { email, password: PASSWORD }), 400, 'email-email');
    },
  );
});

describe('sessions', () => {
  it('are listed in words with the one in use first, and no token', async () => {
    const user = await newUser();
    await signInElsewhere(user);
    const shown = await page(user.cookie);
    expect(shown).toContain('Firefox on Linux');
    expect(shown.match(/This one/g)).toHaveLength(1);
    expect(shown.indexOf('This one')).toBeLessThan(shown.indexOf('Firefox on Linux'));
    const tokens = env.DB.prepare('SELECT token FROM session WHERE user_id = ?').bind(user.id);
    const { results } = await tokens.all<{ token: string }>();
    expect(results).toHaveLength(2);
    for (const { token } of results) expect(shown).not.toContain(token);
  });

  it('a session shows its last recorded use, and that the last use can be later', async () => {
    const user = await newUser();
    await signInElsewhere(user);
    const day = 24 * 60 * 60_000;
    await env.DB.prepare('UPDATE session SET updated_at = updated_at - ?1 WHERE user_id = ?2')
      .bind(3 * day, user.id)
      .run();
    const shown = (await page(user.cookie)).replaceAll(/<[^>]*>/g, '');
    expect(shown.match(/last recorded use 3 days ago/g)).toHaveLength(1);
    expect(shown).toContain('the last use can be later than the last recorded use');
  });

  it('are ended one by one, and the others stay', async () => {
    const user = await newUser();
    const [one, two] = [await signInElsewhere(user), await signInElsewhere(user)];
    const own = env.DB.prepare('SELECT id FROM session WHERE user_id = ? ORDER BY created_at DESC LIMIT 1');
    const id = (await own.bind(user.id).first<string>('id')) ?? '';
    expect(await submitted(`${ACCOUNT}/session`, { id }, user.cookie)).toContain(
      'The session is signed out.',
    );
    expect(await isSignedIn(two)).toBe(false);
    expect(await isSignedIn(one)).toBe(true);
    expect(await isSignedIn(user.cookie)).toBe(true);
    // A page that was opened before sends it once more.
    expect((await send(`${ACCOUNT}/session`, { id }, { cookie: user.cookie })).status).toBe(303);
  });

  it('of others cannot be ended', async () => {
    const other = await newUser('Eve');
    const theirs = env.DB.prepare('SELECT id FROM session WHERE user_id = ?').bind(other.id);
    const id = (await theirs.first<string>('id')) ?? '';
    await send(`${ACCOUNT}/session`, { id }, { cookie: user.cookie });
    expect(await isSignedIn(other.cookie)).toBe(true);
  });

  it('elsewhere are ended all at once', async () => {
    const user = await newUser();
    const others = [await signInElsewhere(user), await signInElsewhere(user)];
    await submitted(`${ACCOUNT}/others`, {}, user.cookie);
    for (const cookie of others) expect(await isSignedIn(cookie)).toBe(false);
    expect(await isSignedIn(user.cookie)).toBe(true);
  });
});

describe('a form of the account page', () => {
  const FORMS = ['name', 'email', 'password', 'new-password', 'session', 'others', 'delete'];

  it.each(FORMS)('at %s from another site is refused', async (form) => {
    const response = await send(
      `${ACCOUNT}/${form}`,
      { name: 'Eve', email: user.email, password: PASSWORD },
      { cookie: user.cookie, origin: 'https://evil.example' },
    );
    expect(response.status).toBe(403);
    expect(await isSignedIn(user.cookie)).toBe(true);
  });

  it('of a session that has ended leads to signing in, and back to the page', async () => {
    const referer = `https://rooms.example${ACCOUNT}`;
    const user = await newUser();
    await send('/sign-out', {}, { cookie: user.cookie });
    for (const form of FORMS) {
      const response = await send(`${ACCOUNT}/${form}`, { name: 'Ada' }, { cookie: user.cookie, referer });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe('/sign-in?next=%2Fdashboard%2Faccount&error=signed_out');
    }
  });
});

describe('deleting the account', () => {
  it('is asked once more, by name', async () => {
    const shown = await page(user.cookie, `${ACCOUNT}/delete`);
    expect(shown).toContain(user.email);
    expect(shown).toContain('id="password"');
  });

  it.each([
    ['email', { email: 'else@example.com', password: PASSWORD }],
    ['password', { password: '' }],
    ['password', {}],
    ['password', { password: 'wrong horse battery' }],
  ])('without the right %s deletes nothing', async (id, fields) => {
    await expectRefusal(await post('delete', { email: user.email, ...fields }), 400, id);
    expect(await isSignedIn(user.cookie)).toBe(true);
  });

  it('signs out, shows how far the erasure is to who knows its address, and nobody signs in again', async () => {
    const user = await newUser();
    const response = await post('delete', { email: user.email, password: PASSWORD }, user);
    expect(response.status).toBe(303);
    const location = response.headers.get('location') ?? '';
    expect(location).toMatch(/^\/erasure\/[0-9a-f]{32}$/);
    expect(response.headers.getSetCookie().join()).toContain('Max-Age=0');
    expect(await isSignedIn(user.cookie)).toBe(false);
    const progress = await ask(location);
    expect(progress.status).toBe(200);
    expect(progress.headers.get('cache-control')).toBe('private, no-store');
    const shown = await progress.text();
    expect(shown).toContain('data-live="erasure"');
    expect(shown).not.toContain(user.email);
    expect((await send('/sign-in', { email: user.email, password: PASSWORD })).status).toBe(401);
  });

  it.each(['0'.repeat(32), 'x', '%00', `${'0'.repeat(32)}'`])('no erasure is at %s', async (id) => {
    expect((await ask(`/erasure/${id}`)).status).toBe(404);
  });
});
