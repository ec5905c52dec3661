import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { ask, readCookie, newUser, PASSWORD, send } from './site.ts';

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
  return readCookie(response);
}

const isSignedIn = async (cookie: string): Promise<boolean> =>
  (await ask(ACCOUNT, { headers: { cookie } })).status === 200;

async function page(cookie: string, path = ACCOUNT): Promise<string> {
  const response = await ask(path, { headers: { cookie } });
  expect(response.status).toBe(200);
  return response.text();
}

/** Sends a form of the account page; by default as the user of the tests that change nothing. */
const post = (form: string, fields: Record<string, string>, { cookie }: User = user): Promise<Response> =>
  send(`${ACCOUNT}/${form}`, fields, { cookie });

/** Follows what a form came to. */
async function submitted(path: string, fields: Record<string, string>, cookie: string): Promise<string> {
  const response = await send(path, fields, { cookie });
  expect(response.status).toBe(303);
  return page(withFresh(cookie, readCookie(response)), response.headers.get('location') ?? '');
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
  it('requires a session', async () => {
    const response = await ask(ACCOUNT);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/sign-in?next=%2Fdashboard%2Faccount');
  });

  it('shows no text from the address', async () => {
    expect(await page(user.cookie, `${ACCOUNT}?done=%3Cb%3EHello`)).not.toContain('Hello');
    expect(await page(user.cookie, `${ACCOUNT}?done=toString`)).not.toContain('class="notice"');
    expect(await page(user.cookie, `${ACCOUNT}?done=name`)).toContain('Your name is changed.');
  });

  it('is 304 without changes', async () => {
    const user = await newUser();
    const first = await ask(ACCOUNT, { headers: { cookie: user.cookie } });
    const etag = first.headers.get('etag') ?? '';
    const headers = { cookie: user.cookie, 'if-none-match': etag };
    expect((await ask(ACCOUNT, { headers })).status).toBe(304);
    await signInElsewhere(user);
    expect((await ask(ACCOUNT, { headers })).status).toBe(200);
  });

  it('is updated from its own address, also after a rejected form', async () => {
    const refused = await (await post('name', { name: '' })).text();
    const [, address = ''] = /<link rel="canonical" href="([^"]*)"/.exec(refused) ?? [];
    const [, etag = ''] = /<meta name="etag" content="([^"]*)"/.exec(refused) ?? [];
    const headers = { cookie: user.cookie, 'if-none-match': etag.replaceAll('&quot;', '"') };
    expect(address).toBe(ACCOUNT);
    expect((await ask(address, { headers })).status).toBe(304);
  });
});

describe('the name', () => {
  it('is changed, and escaped on the page', async () => {
    const user = await newUser();
    const name = '<script>alert(1)</script>\u202eada';
    const shown = await submitted(`${ACCOUNT}/name`, { name }, user.cookie);
    expect(shown).toContain('Your name is changed.');
    expect(shown).not.toContain('<script>alert');
    const mark = '<span class="code-point">U+202E</span>';
    expect(shown).toContain(`<bdi>&lt;script&gt;alert(1)&lt;/script&gt;${mark}ada</bdi>`);
  });

  it.each(['', '   ', 'x'.repeat(201)])('that is invalid is an error of its input', async (name) => {
    await expectRefusal(await send(`${ACCOUNT}/name`, { name }, { cookie: user.cookie }), 400, 'name-name');
  });
});

describe('the password', () => {
  it('change signs out all other sessions and keeps this one', async () => {
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

  it('that is wrong or too short is an error of its input, and nothing changes', async () => {
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
  it('change requires the password, and the new address is not verified', async () => {
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

  it('stays verified if it does not change', async () => {
    const user = await newUser();
    await env.DB.prepare('UPDATE user SET email_verified = 1 WHERE id = ?').bind(user.id).run();
    await submitted(`${ACCOUNT}/email`, { email: user.email, password: PASSWORD }, user.cookie);
    const verified = env.DB.prepare('SELECT email_verified AS verified FROM user WHERE id = ?');
    expect(await verified.bind(user.id).first('verified')).toBe(1);
  });

  it('of another account is refused in any case, and both accounts keep theirs', async () => {
    const other = await newUser('Eve');
    const taken = await post('email', { email: other.email.toUpperCase(), password: PASSWORD });
    await expectRefusal(taken, 422, 'email-email');
    expect((await send('/sign-in', { email: other.email, password: PASSWORD })).status).toBe(303);
    expect((await send('/sign-in', { email: user.email, password: PASSWORD })).status).toBe(303);
  });

  it('change with a wrong password does not reveal whether the address is in use', async () => {
    const other = await newUser('Eve');
    const wrong = await post('email', { email: other.email, password: 'wrong horse battery' });
    await expectRefusal(wrong, 400, 'email-password');
  });

  it.each(['', 'ada', `${'x'.repeat(250)}@example.com`])(
    'that is invalid is an error of its input',
    async (email) => {
      await expectRefusal(await post('email', { email, password: PASSWORD }), 400, 'email-email');
    },
  );
});

describe('sessions', () => {
  it('are listed with the current one first, without tokens', async () => {
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

  it('end one by one', async () => {
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

  it('of other users cannot be ended', async () => {
    const other = await newUser('Eve');
    const theirs = env.DB.prepare('SELECT id FROM session WHERE user_id = ?').bind(other.id);
    const id = (await theirs.first<string>('id')) ?? '';
    await send(`${ACCOUNT}/session`, { id }, { cookie: user.cookie });
    expect(await isSignedIn(other.cookie)).toBe(true);
  });

  it('other than the current one end together', async () => {
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

  it('without a session redirects to sign-in and back to the page', async () => {
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
  it('requires the e-mail address', async () => {
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

  it('signs out, shows the progress at a secret address, and prevents sign-in', async () => {
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

  it.each(['0'.repeat(32), 'x', '%00', `${'0'.repeat(32)}'`])(
    'there is no progress page at %s',
    async (id) => {
      expect((await ask(`/erasure/${id}`)).status).toBe(404);
    },
  );
});
