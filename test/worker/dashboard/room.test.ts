import { beforeAll, describe, expect, it } from 'vitest';
import { type RoomUser, createDocWithText, createRoomUser, syncOverHttp } from '../support/room-app.ts';
import { ask, newUser, send } from './site.ts';

interface Owner {
  readonly cookie: string;
  readonly rooms: RoomUser;
}

/** Somebody signed in, who also uses his rooms as a client. */
async function owner(): Promise<Owner> {
  const { id, cookie } = await newUser();
  return { cookie, rooms: await createRoomUser({ userId: id }) };
}

async function pageOf({ cookie }: Owner, path: string, headers: Record<string, string> = {}) {
  const response = await ask(path, { headers: { cookie, ...headers } });
  return { response, status: response.status, html: await response.text() };
}

const act = ({ cookie }: Owner, path: string, fields: Record<string, string>) =>
  send(path, fields, { cookie });

/** The incarnation in the page's forms. */
const readIncarnation = (html: string) => /name="incarnation" value="([0-9a-f]+)"/.exec(html)?.[1] ?? '';

const sizesIn = (html: string) =>
  [
    ...(/<table class="parts-table"[\s\S]*?<\/table>/.exec(html)?.[0] ?? '').matchAll(
      /<data value="([0-9a-f]+)"/g,
    ),
  ].map(([, bytes]) => Number(bytes));

describe('the page of a room', () => {
  it('without a session redirects to sign-in and back', async () => {
    const response = await ask('/dashboard/documents/a%20b');
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(
      `/sign-in?${new URLSearchParams({ next: '/dashboard/documents/a%20b' }).toString()}`,
    );
  });

  it.each(['document', 'workspace'] as const)(
    'of a %s shows what its bytes are, to the last one',
    async (type) => {
      const me = await owner();
      await syncOverHttp(me.rooms, `/${type}s/r`, createDocWithText('hello'));
      const { status, html } = await pageOf(me, `/dashboard/${type}s/r`);
      expect(status).toBe(200);
      const sizes = sizesIn(html);
      expect(sizes.length).toBe(type === 'document' ? 6 : 5);
      const total = sizes.pop();
      expect(sizes.reduce((sum, bytes) => sum + bytes)).toBe(total);
      expect(html.includes('Versions')).toBe(type === 'document');
    },
  );

  it('the parts of a small room are collapsed', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/small', createDocWithText('hello'));
    await syncOverHttp(me.rooms, '/documents/large', createDocWithText('x'.repeat(300_000)));
    const { html } = await pageOf(me, '/dashboard/documents/small');
    expect(html).toMatch(/<data[^>]*>[^<]+<\/data> are content and history/);
    expect(html).toMatch(/<details id="bytes-parts"[^>]*>(?:(?!<\/details>)[\s\S])*Overhead/);
    const { html: large } = await pageOf(me, '/dashboard/documents/large');
    expect(large).not.toContain('are content and history');
    expect(large).toContain('Overhead');
  });

  it('is 304 without changes, without a call to the room', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/r', createDocWithText('hello'));
    await me.rooms.settle();
    // The first look may still bring the registry up to date.
    await pageOf(me, '/dashboard/documents/r');
    const { response } = await pageOf(me, '/dashboard/documents/r');
    const etag = response.headers.get('etag') ?? '';
    expect((await pageOf(me, '/dashboard/documents/r', { 'if-none-match': etag })).status).toBe(304);
  });

  it('of a room that never existed is 404, creates nothing, and has a form to create it', async () => {
    const me = await owner();
    const { status, html } = await pageOf(me, '/dashboard/documents/r');
    expect(status).toBe(404);
    expect(html).toContain('You have no document of this name');
    expect((await me.rooms.request('/documents/r')).status).toBe(404);
    const created = await act(me, '/dashboard/documents/r/create', {});
    expect(created.headers.get('location')).toBe('/dashboard/documents/r?done=created');
    expect((await pageOf(me, '/dashboard/documents/r?done=created')).html).toContain(
      'The room is created. It is empty.',
    );
  });

  it('of another user’s room is the page of a room that never existed', async () => {
    const me = await owner();
    await syncOverHttp((await owner()).rooms, '/documents/r', createDocWithText('secret'));
    const { status, html } = await pageOf(me, '/dashboard/documents/r');
    expect(status).toBe(404);
    expect(html).not.toContain('secret');
  });

  it('shows results only for known codes', async () => {
    const me = await owner();
    await me.rooms.request('/documents/r', { method: 'PUT' });
    expect((await pageOf(me, '/dashboard/documents/r?done=%3Cb%3Eowned')).html).not.toContain('owned');
  });
});

describe('hostile names', () => {
  let me: Owner;
  beforeAll(async () => {
    me = await owner();
  });

  it.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'); alert(1); ('",
    '</code></pre><h1>gone',
    'abc\u202Efdp.exe',
    '🙂'.repeat(64),
    'a/b?c#d%20',
    '${alert(1)}`',
  ])('are shown as what they are, never as markup or program: %s', async (name) => {
    const path = `/dashboard/documents/${encodeURIComponent(name)}`;
    expect((await act(me, `${path}/create`, {})).status).toBe(303);
    for (const part of ['', '/delete']) {
      const { status, html } = await pageOf(me, `${path}${part}`);
      expect(status).toBe(200);
      for (const markup of ['<script>alert', '<img', '<h1>gone', "encodeURIComponent('');"]) {
        expect(html).not.toContain(markup);
      }
      if (part === '') expect(programIn(html)).toBe(name);
    }
  });

  it('that look like another name are distinguishable in list, overview, heading, title and confirmation', async () => {
    const twins = await owner();
    const name = ' No\u202Etes\u200B';
    const marked = ['U+0020', 'U+202E', 'U+200B'].map((code) => `<span class="code-point">${code}</span>`);
    const shown = `${marked[0]}No${marked[1]}tes${marked[2]}`;
    await syncOverHttp(twins.rooms, `/documents/${encodeURIComponent(name)}`, createDocWithText('hello'));
    await twins.rooms.settle();
    const page = `/dashboard/documents/${encodeURIComponent(name)}`;
    for (const path of ['/dashboard', '/dashboard/rooms', page, `${page}/delete`]) {
      const { html } = await pageOf(twins, path);
      expect(html, path).toContain(shown);
      for (const unseen of ['\u202E', '\u200B']) expect(html, path).not.toContain(unseen);
    }
    const title = '[U+0020]No[U+202E]tes[U+200B]';
    expect((await pageOf(twins, page)).html).toContain(`<title>${title} · Roomkeeper</title>`);
    const { html } = await pageOf(twins, `${page}/delete`);
    expect(html).toContain(`<title>Delete ${title}? · Roomkeeper</title>`);
    const incarnation = readIncarnation(html);
    expect((await act(twins, `${page}/delete`, { name: 'Notes', incarnation })).status).toBe(400);
    const typed = { name: 'U+0020NoU+202EtesU+200B', incarnation };
    expect((await act(twins, `${page}/delete`, typed)).status).toBe(303);
  });

  it('that are invalid are 404', async () => {
    for (const name of ['%00', '%ff', 'x'.repeat(257)]) {
      const { status, html } = await pageOf(me, `/dashboard/documents/${name}`);
      expect(status).toBe(404);
      expect(html).toContain('No such room');
    }
  });
});

/** The name that the page's program connects to, as JavaScript reads it. */
function programIn(html: string): string {
  const source = /room = encodeURIComponent\((.*)\);/.exec(html)?.[1] ?? '';
  const text = source
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
  const literal = /^'((?:[^'\\]|\\['\\]|\\u\{[0-9a-f]+\})*)'$/.exec(text)?.[1];
  if (literal === undefined) throw new Error(`no string literal: ${text}`);
  return literal.replaceAll(/\\(?:u\{([0-9a-f]+)\}|(.))/g, (_, code: string | undefined, character: string) =>
    code === undefined ? character : String.fromCodePoint(Number.parseInt(code, 16)),
  );
}

describe('the deletion of a room', () => {
  it('requires its name', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/My%20room', createDocWithText('hello'));
    const path = '/dashboard/documents/My%20room';
    const { html } = await pageOf(me, `${path}/delete`);
    const incarnation = readIncarnation(html);
    for (const name of ['', ' ', 'my room', 'My room!', 'My']) {
      const refused = await act(me, `${path}/delete`, { name, incarnation });
      expect(refused.status).toBe(400);
      expect(await refused.text()).toContain('This is not the room’s name. Nothing was deleted.');
    }
    expect((await me.rooms.request('/documents/My%20room')).status).toBe(200);
    const deleted = await act(me, `${path}/delete`, { name: ' My room ', incarnation });
    expect(deleted.headers.get('location')).toBe(`${path}?done=deleted`);
    expect((await me.rooms.request('/documents/My%20room')).status).toBe(410);
  });

  it('refuses an empty name, also for a room named with a blank', async () => {
    const me = await owner();
    await me.rooms.request('/documents/%20', { method: 'PUT' });
    const incarnation = readIncarnation((await pageOf(me, '/dashboard/documents/%20/delete')).html);
    expect((await act(me, '/dashboard/documents/%20/delete', { name: '', incarnation })).status).toBe(400);
    expect((await act(me, '/dashboard/documents/%20/delete', { name: ' ', incarnation })).status).toBe(303);
  });

  it('leaves a page that recreates it, with or without old copies of clients', async () => {
    const me = await owner();
    const copy = createDocWithText('hello');
    await syncOverHttp(me.rooms, '/documents/r', copy);
    await me.rooms.request('/documents/r', { method: 'DELETE' });
    const { status, html } = await pageOf(me, '/dashboard/documents/r');
    expect(status).toBe(200);
    expect(html).toContain('This document was deleted');
    expect((await act(me, '/dashboard/documents/r/create', {})).headers.get('location')).toBe(
      '/dashboard/documents/r?done=recreated',
    );
    expect((await syncOverHttp(me.rooms, '/documents/r', copy)).status).toBe(409);
    // A second click, with what was forgotten at the first.
    expect(
      (await act(me, '/dashboard/documents/r/create', { readmit: 'true' })).headers.get('location'),
    ).toBe('/dashboard/documents/r?done=there-already');
    expect((await syncOverHttp(me.rooms, '/documents/r', copy)).status).toBeLessThan(300);
  });

  it('refuses a form of an earlier incarnation', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/r', createDocWithText('old'));
    const incarnation = readIncarnation((await pageOf(me, '/dashboard/documents/r/delete')).html);
    await me.rooms.request('/documents/r', { method: 'DELETE' });
    await me.rooms.request('/documents/r', { method: 'PUT' });
    for (const [action, fields] of [
      ['delete', { name: 'r' }],
      ['compact', {}],
      ['versions', { label: 'x' }],
    ] as const) {
      const refused = await act(me, `/dashboard/documents/r/${action}`, { ...fields, incarnation });
      expect(refused.status).toBe(409);
      expect(await refused.text()).toContain('The room was deleted and recreated.');
    }
    expect((await me.rooms.request('/documents/r')).status).toBe(200);
  });
});

describe('an action after one of another tab', () => {
  it('is reported, and nothing changes', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/r', createDocWithText('old'));
    const incarnation = readIncarnation((await pageOf(me, '/dashboard/documents/r')).html);
    await me.rooms.request('/documents/r', { method: 'DELETE' });
    const refused = await act(me, '/dashboard/documents/r/compact', { incarnation });
    expect(refused.status).toBe(410);
    const html = await refused.text();
    expect(html).toContain('The room was deleted. Nothing was changed.');
    expect(html).toContain('Recreate the room');
  });
});

describe('versions', () => {
  it('are created with a label, listed, restored and deleted', async () => {
    const me = await owner();
    const doc = createDocWithText('first');
    await syncOverHttp(me.rooms, '/documents/r', doc);
    const path = '/dashboard/documents/r';
    const incarnation = readIncarnation((await pageOf(me, path)).html);
    const made = await act(me, `${path}/versions`, { incarnation, label: '<b>one</b>' });
    expect(made.headers.get('location')).toBe(`${path}?done=version-made`);
    const { html } = await pageOf(me, path);
    expect(html).toContain('&lt;b&gt;one&lt;/b&gt;');
    expect(html).not.toContain('<b>one');
    const id = /\/versions\/(\w+)"/.exec(html)?.[1] ?? '';
    expect((await pageOf(me, `${path}/versions/${id}`)).html).toContain(`/documents/r/snapshots/${id}`);

    doc.getText('text').insert(5, ' second');
    await syncOverHttp(me.rooms, '/documents/r', doc);
    const question = (await pageOf(me, `${path}/versions/${id}/restore`)).html;
    expect(question).toContain('All clients receive it as a new edit');
    const restored = await act(me, `${path}/versions/${id}/restore`, { incarnation });
    expect(restored.headers.get('location')).toBe(`${path}?done=restored`);
    await syncOverHttp(me.rooms, '/documents/r', doc);
    expect(doc.getText('text').toJSON()).toBe('first');

    expect((await act(me, `${path}/versions/${id}/delete`, { incarnation })).status).toBe(303);
    for (const part of ['', '/restore', '/delete']) {
      expect((await pageOf(me, `${path}/versions/${id}${part}`)).status).toBe(404);
    }
    const again = await act(me, `${path}/versions/${id}/restore`, { incarnation });
    expect(again.status).toBe(404);
    expect(await again.text()).toContain('This version does not exist any more');
  });

  it('have a valid label, or the form shows the error', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/r', createDocWithText('first'));
    const incarnation = readIncarnation((await pageOf(me, '/dashboard/documents/r')).html);
    const refused = await act(me, '/dashboard/documents/r/versions', { incarnation, label: 'é'.repeat(129) });
    expect(refused.status).toBe(400);
    const html = await refused.text();
    expect(html).toContain('aria-describedby="label-error"');
    expect(html).toContain('<link rel="canonical" href="/dashboard/documents/r"/>');
  });

  it('do not exist for workspaces', async () => {
    const me = await owner();
    await me.rooms.request('/workspaces/r', { method: 'PUT' });
    expect((await act(me, '/dashboard/workspaces/r/versions', { label: 'x' })).status).toBe(404);
  });
});

describe('forms', () => {
  it('of another site are refused', async () => {
    const me = await owner();
    await syncOverHttp(me.rooms, '/documents/r', createDocWithText('hello'));
    const incarnation = readIncarnation((await pageOf(me, '/dashboard/documents/r')).html);
    const fields = { incarnation, name: 'r', label: 'x' };
    const headers = { cookie: me.cookie, origin: 'https://evil.example' };
    const actions = [
      'delete',
      'create',
      'compact',
      'versions',
      'versions/abc/restore',
      'versions/abc/delete',
    ];
    for (const action of actions) {
      expect((await send(`/dashboard/documents/r/${action}`, fields, headers)).status).toBe(403);
    }
    expect((await me.rooms.request('/documents/r')).status).toBe(200);
  });

  it('compact a room, and report that it is already compact', async () => {
    const me = await owner();
    const doc = createDocWithText('one');
    await syncOverHttp(me.rooms, '/documents/r', doc);
    doc.getText('text').insert(3, ' two');
    await syncOverHttp(me.rooms, '/documents/r', doc);
    const path = '/dashboard/documents/r';
    const incarnation = readIncarnation((await pageOf(me, path)).html);
    const compacted = await act(me, `${path}/compact`, { incarnation });
    expect(compacted.headers.get('location')).toBe(`${path}?done=compacted`);
    expect((await pageOf(me, path)).html).toMatch(
      /Compacted <time[^>]*>just now<\/time>: from <data value="\d+"/,
    );
    const again = await act(me, `${path}/compact`, { incarnation });
    expect(again.headers.get('location')).toBe(`${path}?done=nothing-to-gain`);
  });
});
