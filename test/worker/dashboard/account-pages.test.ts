import { beforeAll, describe, expect, it } from 'vitest';
import { ask, readCookie, newUser, ORIGIN, PASSWORD, send } from './site.ts';

describe('sign-up', () => {
  it('signs the user in and redirects to the dashboard', async () => {
    const email = `${crypto.randomUUID()}@example.com`;
    const response = await send('/sign-up', { name: 'Ada', email, password: PASSWORD });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/dashboard');
    const dashboard = await ask('/dashboard', { headers: { cookie: readCookie(response) } });
    expect(dashboard.status).toBe(200);
    expect(await dashboard.text()).toContain('Ada');
  });

  it.each([
    ['name', { name: '   ', email: 'ada@example.com', password: PASSWORD }],
    ['name', { name: 'x'.repeat(201), email: 'ada@example.com', password: PASSWORD }],
    ['email', { name: 'Ada', email: 'ada', password: PASSWORD }],
    ['email', { name: 'Ada', email: '', password: PASSWORD }],
    ['password', { name: 'Ada', email: 'ada@example.com', password: 'short' }],
    ['password', { name: 'Ada', email: 'ada@example.com', password: 'x'.repeat(129) }],
  ])('with a bad %s says so beside it and keeps what was typed', async (field, fields) => {
    const response = await send('/sign-up', fields);
    const page = await response.text();
    expect(response.status).toBe(400);
    expect(page).toMatch(
      new RegExp(`<input id="${field}"[^>]* aria-invalid="true"[^>]* aria-describedby="[^"]*${field}-error"`),
    );
    expect(page).toContain(`id="${field}-error" role="alert"`);
    expect(page).toContain(`value="${fields.name}"`);
    expect(page).toContain(`value="${fields.email}"`);
  });

  it('an e-mail address in use is an error of its input', async () => {
    const { email } = await newUser();
    const response = await send('/sign-up', { name: 'Eve', email, password: PASSWORD });
    expect(response.status).toBe(422);
    expect(await response.text()).toContain('id="email-error" role="alert"');
  });
});

describe('sign-in', () => {
  it('redirects to the requested page', async () => {
    const { email } = await newUser();
    const next = '/dashboard?sort=resourceName&order=asc';
    const asked = await ask(next);
    expect(asked.status).toBe(303);
    const form = asked.headers.get('location') ?? '';
    expect(form).toBe(`/sign-in?next=${encodeURIComponent(next)}`);
    expect(await (await ask(form)).text()).toContain(
      'name="next" value="/dashboard?sort=resourceName&amp;order=asc"',
    );
    const response = await send('/sign-in', { email, password: PASSWORD, next });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(next);
  });

  it('a wrong password is 401; the page keeps the address and never shows the password', async () => {
    const { email } = await newUser();
    const response = await send('/sign-in', { email, password: 'wrong horse battery' });
    const page = await response.text();
    expect(response.status).toBe(401);
    expect(page).toContain(`value="${email}"`);
    expect(page).toContain('role="alert"');
    expect(page).not.toContain('wrong horse');
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('an empty form is 400', async () => {
    expect((await send('/sign-in', {})).status).toBe(400);
  });

  it('redirects a signed-in user', async () => {
    const { cookie } = await newUser();
    const response = await ask('/sign-in?next=/dashboard%3Forder%3Dasc', { headers: { cookie } });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/dashboard?order=asc');
  });
});

describe('the page after sign-in', () => {
  let user: Awaited<ReturnType<typeof newUser>>;
  beforeAll(async () => {
    user = await newUser();
  });

  it.each([
    ['an address', 'https://evil.example/'],
    ['an address without a scheme', '//evil.example'],
    ['a backslash', '/\\evil.example'],
    ['two backslashes', '\\\\evil.example'],
    ['a tab, which browsers drop', '/\t/evil.example'],
    ['a dot, which browsers resolve', '/.//evil.example'],
    ['two dots', '/a/..//evil.example'],
    ['a script', 'javascript:alert(1)'],
    ['a relative path', 'dashboard'],
    ['a very long path', `/${'a'.repeat(3_000)}`],
  ])('never leads to another site: %s', async (_, next) => {
    const answers = [
      await send('/sign-in', { email: user.email, password: PASSWORD, next }),
      await ask(`/sign-in?${new URLSearchParams({ next }).toString()}`, { headers: { cookie: user.cookie } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toBe('/dashboard');
    }
  });
});

describe('sign-out', () => {
  it('ends the session and redirects to the sign-in page', async () => {
    const { cookie } = await newUser();
    const response = await send('/sign-out', {}, { cookie });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/sign-in');
    expect(response.headers.getSetCookie().join()).toContain('Max-Age=0');
    expect((await ask('/dashboard', { headers: { cookie } })).status).toBe(303);
  });
});

describe('a form', () => {
  const forms = ['/sign-in', '/sign-up', '/sign-out'];

  let user: Awaited<ReturnType<typeof newUser>>;
  beforeAll(async () => {
    user = await newUser();
  });

  it.each(
    forms.flatMap((path) => [
      { path, origin: 'https://evil.example' },
      { path, origin: 'null' },
      { path, origin: `${ORIGIN}.evil.example` },
      { path, origin: ORIGIN.replace('https', 'http') },
    ]),
  )('at $path from $origin is refused', async ({ path, origin }) => {
    const { email, cookie } = user;
    const response = await send(path, { name: 'Ada', email, password: PASSWORD }, { origin, cookie });
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect((await ask('/dashboard', { headers: { cookie } })).status).toBe(200);
  });

  it.each(forms)('at %s without an Origin header is refused', async (path) => {
    const response = await ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: user.cookie },
      body: new URLSearchParams({ email: user.email, password: PASSWORD }).toString(),
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toContain('text/html');
  });

  it.each(forms)(
    'at %s that is too large is 413, also where it does not say how large it is',
    async (path) => {
      const filler = 'x'.repeat(17_000);
      expect((await send(path, { filler })).status).toBe(413);
      const chunked = await ask(path, {
        method: 'POST',
        headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded' },
        body: new Blob([filler]).stream(),
      });
      expect(chunked.status).toBe(413);
    },
  );

  it('with another content type is 400', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await send('/sign-in', {}, json)).status).toBe(400);
    expect((await send('/sign-in', {}, { 'content-type': 'multipart/form-data; boundary=x' })).status).toBe(
      400,
    );
  });
});
