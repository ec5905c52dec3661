import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import * as Y from 'yjs';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystemWith, type System, type User } from '../support/system.ts';
import { migratedFolder } from '../system/site.ts';

/** In several rows of the log. */
const CONTENT_BYTES = 4_000_000;
/** Created at the same time, so that a kill meets them at different points. */
const ROOMS = 6;
const KILLS = 3;
/** More than `KILLS` only until rooms were met both before and after their creation. */
const MAX_KILLS = 8;

type Outcome = 'absent' | 'whole' | 'without its content';

/** A document that is being created with content. */
interface Attempt {
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** `null`: the answer was lost. */
  readonly status: Promise<number | null>;
}

let folder: string;
beforeEach(async () => {
  folder = await migratedFolder();
});
afterEach(async () => {
  await killLeftovers();
  await removeFolder(folder);
});
afterAll(killLeftovers);

test('a room whose creation with content is killed at any moment has all of it or does not exist, and the request can be repeated', async () => {
  const found: Outcome[] = [];
  let system = await startSystemWith('src/index.ts', folder);
  const user = await system.signUp();
  const tookMs = await timeOf(async () => {
    const statuses = attemptAll(system, user, 0).map(({ status }) => status);
    expect(await Promise.all(statuses)).toEqual(statuses.map(() => 201));
  });
  for (let kill = 1; kill <= MAX_KILLS && (kill <= KILLS || new Set(found).size < 2); kill++) {
    const attempts = attemptAll(system, user, kill);
    await sleep((tookMs * ((kill - 1) % KILLS)) / KILLS);
    await system.kill();
    system = await startSystemWith('src/index.ts', folder);
    for (const attempt of attempts) {
      const outcome = await outcomeOf(system, user, attempt);
      found.push(outcome);
      expect(outcome, attempt.path).not.toBe('without its content');
      if ((await attempt.status) !== null) expect(outcome, attempt.path).toBe('whole');

      const again = await put(system, user, attempt);
      expect(again.status, attempt.path).toBe(outcome === 'whole' ? 409 : 201);
      if (outcome === 'whole') expect(await again.json(), attempt.path).toMatchObject({ stored: true });
    }
  }
  expect(new Set(found)).toEqual(new Set(['absent', 'whole']));
  await system.kill();
});

test('a room that is created first and gets its content later is found without it: the test above would notice', async () => {
  const entry = 'test/worker/entries/late-content-rooms.ts';
  const system = await startSystemWith(entry, folder);
  const user = await system.signUp();
  const attempts = attemptAll(system, user, 0);
  await Promise.any(attempts.map(({ status }) => status));
  await system.kill();
  const again = await startSystemWith(entry, folder);
  const outcomes = await Promise.all(attempts.map((attempt) => outcomeOf(again, user, attempt)));
  expect(outcomes).toContain('without its content');
  await again.kill();
});

function attemptAll(system: System, user: User, round: number): Attempt[] {
  return Array.from({ length: ROOMS }, (_, index) => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, randomBytes(CONTENT_BYTES / 2).toString('hex'));
    const room = {
      path: `/documents/room-${round}-${index}`,
      body: new Uint8Array(Y.encodeStateAsUpdate(doc)),
    };
    const status = put(system, user, room).then(
      (response) => response.status,
      () => null,
    );
    return { ...room, status };
  });
}

function put(system: System, user: User, { path, body }: Omit<Attempt, 'status'>): Promise<Response> {
  const headers = { authorization: `Bearer ${user.token}` };
  return fetch(`${system.origin}${path}`, { method: 'PUT', headers, body });
}

async function outcomeOf(system: System, user: User, { path, body }: Attempt): Promise<Outcome> {
  const response = await system.get(user, path);
  if (response.status === 404) return 'absent';
  expect(response.status, path).toBe(200);
  const read = new Uint8Array(await response.arrayBuffer());
  return Buffer.from(read).equals(body) ? 'whole' : 'without its content';
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
