import { describe, expect, it } from 'vitest';
import { bearer, signUpUser, type TestUser } from '../support/auth-users.ts';
import { send } from '../support/whole-worker.ts';
import { run } from '../credentials/signed-in.ts';
import { deleteAccount, createOwner, untilErased } from './erasing.ts';

interface Shown {
  id: string;
  userId: string;
  state: string;
  requestedBy: string;
  roomsErased: number;
  finishedAt: string | null;
}

async function erasedOwner(): Promise<{ owner: TestUser; id: string }> {
  const owner = await createOwner(['notes']);
  const { erasure } = await (await deleteAccount(owner)).json<{ erasure: Shown }>();
  await untilErased(owner);
  return { owner, id: erasure.id };
}

async function operator(): Promise<Record<string, string>> {
  const user = await signUpUser();
  await run(`UPDATE user SET role = 'admin' WHERE id = ?`, user.id);
  return bearer(user.sessionToken);
}

async function list(
  query: string,
  as?: Record<string, string>,
): Promise<{ erasures: Shown[]; nextCursor: string | null }> {
  const response = await send(`/api/admin/erasures${query}`, { headers: as ?? (await operator()) });
  expect(response.status).toBe(200);
  return response.json();
}

describe('the progress of an erasure', () => {
  it('is readable with its id and contains no name', async () => {
    const { owner, id } = await erasedOwner();
    const response = await send(`/api/account/erasure/${id}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({
      erasure: {
        id,
        state: 'finished',
        requestedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
        finishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/),
        roomsFound: 1,
        roomsErased: 1,
      },
    });
    expect(text).not.toContain(owner.id);
  });

  it.each(['0', 'x'.repeat(32), '0'.repeat(32), '%00', `${'0'.repeat(32)}'--`])(
    'with the unknown id %s is 404',
    async (id) => {
      const response = await send(`/api/account/erasure/${id}`);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    },
  );
});

describe('the audit trail', () => {
  it('is readable by operators only', async () => {
    const { id } = await erasedOwner();
    for (const path of ['/api/admin/erasures', `/api/admin/erasures/${id}`]) {
      expect((await send(path)).status).toBe(401);
      expect((await send(path, { headers: bearer((await signUpUser()).sessionToken) })).status).toBe(403);
      expect((await send(path, { headers: await operator() })).status).toBe(200);
    }
  });

  it('is paged, newest first, with each erasure once', async () => {
    const erased: string[] = [];
    for (let count = 0; count < 3; count += 1) erased.unshift((await erasedOwner()).id);
    const all = (await list('?limit=200')).erasures.map(({ id }) => id);
    expect(all.slice(0, 3)).toEqual(erased);
    const paged: string[] = [];
    const reader = await operator();
    let cursor: string | null = '';
    while (cursor !== null) {
      const page = await list(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`, reader);
      expect(page.erasures.length).toBeLessThanOrEqual(2);
      paged.push(...page.erasures.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(all);
  });

  it('finds an erased user by their id, with all steps', async () => {
    const { owner, id } = await erasedOwner();
    await erasedOwner();
    const { erasures } = await list(`?userId=${owner.id}`);
    expect(erasures).toMatchObject([{ id, state: 'finished', requestedBy: 'user', roomsErased: 1 }]);
    expect(erasures[0]?.userId).toMatch(/^sha256:/);
    const response = await send(`/api/admin/erasures/${id}`, { headers: await operator() });
    const { steps } = await response.json<{ steps: Record<string, unknown>[] }>();
    expect(steps.map(({ number, what, result, count }) => [number, what, result, count])).toEqual([
      [1, 'end sockets', 'done', 0],
      [2, 'list rooms', 'done', 1],
      [3, 'erase rooms', 'done', 1],
      [4, 'remove account', 'done', 1],
    ]);
    for (const { at } of steps) expect(at).toMatch(/Z$/);
  });

  it('refuses a cursor of another list or operator', async () => {
    const { owner } = await erasedOwner();
    await erasedOwner();
    const reader = await operator();
    const { nextCursor } = await list('?limit=1', reader);
    expect(nextCursor).not.toBeNull();
    expect((await list(`?limit=5&cursor=${nextCursor}`, reader)).erasures.length).toBeGreaterThan(0);
    for (const [query, headers] of [
      [`cursor=${nextCursor}&userId=${owner.id}`, reader],
      [`cursor=${nextCursor}`, await operator()],
      [`cursor=${nextCursor?.slice(0, -1)}`, reader],
    ] as const) {
      const response = await send(`/api/admin/erasures?${query}`, { headers });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ status: 400, field: 'cursor' });
    }
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=x', 'limit'],
    ['cursor=x', 'cursor'],
    [`cursor=1.${'0'.repeat(32)}`, 'cursor'],
    ['limit=1&limit=2', 'limit'],
    ['userId=a&userId=a', 'userId'],
    ['cursor=&cursor=', 'cursor'],
    ['userId=x×3000', 'userId'],
  ])('refuses %s, naming %s', async (query, field) => {
    const response = await send(`/api/admin/erasures?${query.replace('x×3000', 'x'.repeat(3_000))}`, {
      headers: await operator(),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ status: 400, field });
  });
});
