import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../scripts/lib/random.ts';
import { lockAccount } from '../../../src/auth/accounts/lock-account.ts';
import { MAX_TRIES_OF_BROKEN_ROOM } from '../../../src/erasure/limits.ts';
import { bearer, PASSWORD, signUpUser } from '../support/auth-users.ts';
import { getRoomStub } from '../support/room-app.ts';
import { openSocket, send, sendJson } from '../support/whole-worker.ts';
import { readQueue, run, runCron } from '../credentials/signed-in.ts';
import {
  readContent,
  damage,
  deleteAccount,
  getEraser,
  isGone,
  repair,
  NOTHING,
  createOwner,
  put,
  readRows,
  readStepLines,
  readTrail,
  turn,
  untilErased,
} from './erasing.ts';

// What an earlier test has left to do is not this one's.
beforeEach(() => run('DELETE FROM ended_session'));

const named = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

async function rename(from: string, to: string): Promise<void> {
  await env.DB.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
}

/** Turns without what can be done meanwhile by itself being an error. */
async function turns(owner: { id: string }, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await turn(owner);
  }
}

describe('an erasure', () => {
  it('closes all sockets first, and one failing room does not block the others', async () => {
    const owner = await createOwner(['a', 'stuck', 'z']);
    const socket = await openSocket('/documents/stuck', bearer(owner.jwt));
    await damage(owner, 'stuck');
    await deleteAccount(owner);
    await turns(owner, 3);
    expect((await socket.closed).code).toBe(4401);
    expect(await readContent(owner, 'a')).toBe('marker');
    expect(await readContent(owner, 'z')).toBe('marker');
    expect(await readRows(owner)).toMatchObject({
      user: 1,
      account: 0,
      session: 0,
      durable_object_instance: 1,
    });
    const [row] = await readTrail(owner);
    expect(row).toMatchObject({ rooms_found: 3, rooms_erased: 2, finished_at: null });
    expect(row?.failures).toBeGreaterThan(0);

    await repair(owner, 'stuck');
    expect(await untilErased(owner)).toMatchObject({ rooms_erased: 3, sockets: 1 });
    expect(await readContent(owner, 'stuck')).toBe('marker');
    expect(await readRows(owner)).toEqual(NOTHING);
    const steps = await readStepLines(row?.id ?? '');
    expect(steps.map(({ what, result }) => `${what} ${result}`)).toEqual([
      'end sockets done',
      'list rooms done',
      'erase rooms done',
      ...steps.slice(3, -2).map(() => 'erase rooms failed'),
      'erase rooms done',
      'remove account done',
    ]);
  });

  it('has all steps in its trail when it finishes', async () => {
    await env.DB.exec('CREATE TABLE at_the_end (id TEXT, rooms_erased INTEGER)');
    await env.DB.exec(
      `CREATE TRIGGER at_the_end AFTER UPDATE OF finished_at ON erasure
      BEGIN INSERT INTO at_the_end VALUES (NEW.id, NEW.rooms_erased); END`.replaceAll('\n', ' '),
    );
    const owner = await createOwner(['a', 'b']);
    await deleteAccount(owner);
    const { id } = await untilErased(owner);
    const { results } = await env.DB.prepare('SELECT * FROM at_the_end').all();
    expect(results).toEqual([{ id, rooms_erased: 2 }]);
    await env.DB.exec('DROP TRIGGER at_the_end');
  });

  it('waits longer after each failure', async () => {
    const owner = await createOwner(['stuck']);
    await damage(owner, 'stuck');
    await deleteAccount(owner);
    const waits: number[] = [];
    for (let tries = 1; tries <= 12; tries += 1) {
      await turn(owner);
      waits.push(
        await runInDurableObject(getEraser(owner), async (_, { storage }) => {
          const { at } = storage.sql.exec<{ at: number }>('SELECT due_at AS at FROM room').one();
          // Nothing is asked for sooner than that.
          expect(await storage.getAlarm()).toBe(at);
          return Math.round((at - Date.now()) / 1000);
        }),
      );
    }
    expect(waits.slice(0, 3).every((wait, index) => (waits[index + 1] ?? 0) > wait)).toBe(true);
    expect(Math.max(...waits)).toBeLessThanOrEqual(600);
    expect(waits.at(-1)).toBe(600);
    await repair(owner, 'stuck');
    await untilErased(owner);
  });

  it('skips a room that fails for a day, names its object, and finishes', async () => {
    const owner = await createOwner(['a', 'stuck']);
    await damage(owner, 'stuck');
    await deleteAccount(owner);
    await turns(owner, 2);
    await runInDurableObject(getEraser(owner), (_, { storage }) => {
      storage.sql.exec('UPDATE room SET tries = ?', MAX_TRIES_OF_BROKEN_ROOM - 1);
    });
    const row = await untilErased(owner);
    expect(row).toMatchObject({ rooms_found: 2, rooms_erased: 1 });
    expect(await readRows(owner)).toEqual(NOTHING);
    const objectId = getRoomStub('document', owner.id, 'stuck').id.toString();
    const { detail } =
      (await readStepLines(row.id)).find((step) => step.detail?.startsWith('given up')) ?? {};
    expect(detail).toBe(`given up after ${MAX_TRIES_OF_BROKEN_ROOM} tries, delete by hand: ${objectId}`);
    await repair(owner, 'stuck');
  });

  it('leaves only the trail, which contains no data of the user', async () => {
    const owner = await createOwner(['a-private-name', 'stuck-private']);
    await damage(owner, 'stuck-private');
    await deleteAccount(owner);
    await turns(owner, 3);
    await repair(owner, 'stuck-private');
    const row = await untilErased(owner);
    expect(await isGone(owner)).toBe(true);
    const steps = await readStepLines(row.id);
    const objectId = getRoomStub('document', owner.id, 'stuck-private').id.toString();
    expect(steps.find(({ result }) => result === 'failed')?.detail).toContain(objectId);
    const trail = JSON.stringify([row, steps]);
    for (const secret of [owner.id, owner.email, 'private', 'Ada']) expect(trail).not.toContain(secret);
  });

  it('continues after an eviction at any point', async () => {
    const owner = await createOwner(named('room', 12));
    await deleteAccount(owner);
    for (let index = 0; index < 4; index += 1) {
      await evictDurableObject(getEraser(owner));
      await runDurableObjectAlarm(getEraser(owner));
    }
    expect(await untilErased(owner)).toMatchObject({ rooms_found: 12, rooms_erased: 12, failures: 0 });
    expect(await readRows(owner)).toEqual(NOTHING);
  });

  it.each(['durable_object_instance', 'registry_tombstone', 'erasure_step', 'ended_session', 'verification'])(
    'continues after D1 had no %s for a while',
    async (table) => {
      const owner = await createOwner(['notes', 'plans']);
      await lockAccount(env.DB, owner.id, 'user');
      const [order] = await readTrail(owner);
      if (order === undefined) throw new Error('nothing was asked for');
      await rename(table, 'hidden');
      try {
        await getEraser(owner).erase({ id: order.id, userId: owner.id, requestedAt: order.requested_at });
        await turns(owner, 2);
        expect(await isGone(owner)).toBe(false);
      } finally {
        await rename('hidden', table);
      }
      await untilErased(owner);
      expect(await readRows(owner)).toEqual(NOTHING);
      for (const room of owner.rooms) expect(await readContent(owner, room)).toBe('marker');
      expect((await readStepLines(order.id)).at(-1)).toMatchObject({
        what: 'remove account',
        result: 'done',
      });
    },
  );

  it('that was requested but not started is started by the cron', async () => {
    const owner = await createOwner(['notes']);
    await lockAccount(env.DB, owner.id, 'user');
    expect(await isGone(owner)).toBe(true);
    await runCron();
    await untilErased(owner);
    expect(await readRows(owner)).toEqual(NOTHING);
  });

  it('makes a temporary ban permanent, and lifting the ban does not stop it', async () => {
    const owner = await createOwner(['notes', 'stuck']);
    const socket = await openSocket('/documents/stuck', bearer(owner.jwt));
    await run(
      `UPDATE user SET banned = 1, ban_reason = 'spam', ban_expires = ? WHERE id = ?`,
      Date.now() + 60_000,
      owner.id,
    );
    await lockAccount(env.DB, owner.id, 'operator');
    const ban = await env.DB.prepare('SELECT banned, ban_reason, ban_expires FROM user WHERE id = ?')
      .bind(owner.id)
      .first();
    expect(ban).toEqual({ banned: 1, ban_reason: 'The account is being erased.', ban_expires: null });

    await damage(owner, 'stuck');
    const operator = await signUpUser();
    await run(`UPDATE user SET role = 'admin' WHERE id = ?`, operator.id);
    const lifted = await sendJson(
      '/api/auth/admin/unban-user',
      { userId: owner.id },
      bearer(operator.sessionToken),
    );
    expect(lifted.status).toBe(200);
    const credentials = { email: owner.email, password: PASSWORD };
    expect((await sendJson('/api/auth/sign-in/email', credentials)).status).toBe(401);
    expect((await send('/api/instances', { headers: bearer(owner.sessionToken) })).status).toBe(401);
    await runCron();
    await turns(owner, 3);
    expect((await put('late', owner.jwt)).status).toBe(201);
    expect(await readContent(owner, 'late')).toBe('marker');
    await repair(owner, 'stuck');
    await untilErased(owner);
    expect((await socket.closed).code).toBe(4401);
    expect(await readRows(owner)).toEqual(NOTHING);
    for (const room of owner.rooms) expect(await readContent(owner, room)).toBe('marker');
  });

  it('also erases rooms created with a JWT after the listing', async () => {
    const owner = await createOwner(['notes', 'stuck']);
    await damage(owner, 'stuck');
    await deleteAccount(owner);
    await turns(owner, 2);
    // The row of this room exists before its report asks whether its owner is erased.
    await getRoomStub('document', owner.id, 'lost').create(false, true);
    expect((await put('late', owner.jwt)).status).toBe(201);
    await run(
      `INSERT INTO durable_object_instance
         (do_name, do_id, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq)
       SELECT replace(do_name, 'stuck', 'lost'), do_id,
         storage_bytes, created_at, last_accessed_at, storage_measured_at, 1000000 + seq
       FROM durable_object_instance WHERE user_id = ? AND resource_name = 'stuck'`,
      owner.id,
    );
    await repair(owner, 'stuck');
    await untilErased(owner);
    for (const room of ['late', 'lost']) expect(await readContent(owner, room)).toBe('marker');
    expect(await readRows(owner)).toEqual(NOTHING);
  });

  it('also erases rooms that a JWT creates or opens afterwards, even if D1 failed', async () => {
    const owner = await createOwner(['notes']);
    await deleteAccount(owner);
    await untilErased(owner);

    expect((await put('late', owner.jwt)).status).toBe(201);
    expect(await readContent(owner, 'late')).toBe('marker');
    const socket = await openSocket('/documents/joined', bearer(owner.jwt));
    expect((await socket.closed).code).toBe(4401);
    expect(await readContent(owner, 'joined')).toBe('marker');
    await put('notes', owner.jwt);
    expect(await readContent(owner, 'notes')).toBe('marker');

    await rename('erasure', 'hidden');
    await put('later', owner.jwt);
    await rename('hidden', 'erasure');
    expect(await readContent(owner, 'later')).toBe('content');
    await runDurableObjectAlarm(getRoomStub('document', owner.id, 'later'));
    expect(await readContent(owner, 'later')).toBe('marker');
    expect(await readRows(owner)).toMatchObject({ user: 0, durable_object_instance: 0 });
  });

  it('erases nothing of other users, with any id', async () => {
    const owner = await createOwner(['notes']);
    const bystander = { id: `https://issuer.example#${crypto.randomUUID()}` };
    await getRoomStub('document', bystander.id, 'notes').create(false, true);
    // As a damaged row might say.
    await run(
      `INSERT INTO durable_object_instance
         (do_name, do_id, decoded_user_id, created_at, last_accessed_at, seq)
       SELECT ?1, 'ab', ?2, 1, 1, 1000000 + max(seq) FROM durable_object_instance`,
      `user:${encodeURIComponent(bystander.id)}:document:notes`,
      owner.id,
    );
    await deleteAccount(owner);
    await turns(owner, 4);
    expect(await readContent(owner, 'notes')).toBe('marker');
    expect(await readContent(bystander, 'notes')).toBe('content');
    expect(await readTrail(owner)).toMatchObject([{ finished_at: null }]);
    await run('INSERT INTO user (id, name, email) VALUES (?1, ?1, ?1)', bystander.id);
    await run(
      'UPDATE durable_object_instance SET decoded_user_id = ?2 WHERE decoded_user_id = ?1',
      owner.id,
      bystander.id,
    );
    await untilErased(owner);
    expect(await readRows(owner)).toEqual(NOTHING);
    expect(await readContent(bystander, 'notes')).toBe('content');
  });

  it('leaves no entry in the queue of ended sessions', async () => {
    const owner = await createOwner(['notes']);
    await deleteAccount(owner);
    await untilErased(owner);
    expect(await readQueue(owner)).toEqual([]);
    expect((await send('/readyz')).status).toBe(200);
  });
});

describe('an erasure with random failures', () => {
  it('erases everything', async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
    console.log(`seed ${seed}`);
    const random = createRandom(seed);
    const pick = (count: number) => Math.floor(random() * count);
    const owner = await createOwner(named('room', 30));
    const damaged = new Set<string>();
    const tables = ['registry_tombstone', 'erasure_step', 'ended_session'];
    let hidden: string | null = null;
    await deleteAccount(owner);
    for (let index = 0; index < 40; index += 1) {
      const [what, which] = [pick(6), pick(30)];
      const room = owner.rooms[which] ?? '';
      if (what === 0) await evictDurableObject(getEraser(owner));
      else if (what === 1 && !damaged.has(room) && (await readContent(owner, room)) === 'content') {
        await damage(owner, room);
        damaged.add(room);
      } else if (what === 2 && damaged.delete(room)) await repair(owner, room);
      else if (what === 3 && hidden === null) {
        hidden = tables[pick(tables.length)] ?? '';
        await rename(hidden, 'hidden');
      } else if (what === 4 && hidden !== null) {
        await rename('hidden', hidden);
        hidden = null;
      } else if (hidden === null) await put(`late-${index}`, owner.jwt);
      await turn(owner);
    }
    if (hidden !== null) await rename('hidden', hidden);
    for (const room of damaged) await repair(owner, room);
    await untilErased(owner);
    expect(await readRows(owner)).toEqual(NOTHING);
    for (const room of owner.rooms) expect(await readContent(owner, room)).toBe('marker');
    for (let index = 0; index < 40; index += 1)
      expect(await readContent(owner, `late-${index}`)).not.toBe('content');
  });
});
