import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import * as Y from 'yjs';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystemWith, type System, type User } from '../support/system.ts';
import { migratedFolder } from '../system/site.ts';

/** Several rows of the log. */
const CONTENT_BYTES = 4_000_000;
/** Created concurrently, so that a kill interrupts them at different points. */
const ROOMS = 6;
const KILLS = 3;
/** More than `KILLS` only until both outcomes have occurred. */
const MAX_KILLS = 8;

type Outcome = 'absent' | 'whole' | 'without its content';

/** A document that is being created with content. */
interface Attempt {
  readonly path: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** `null`: the response was lost. */
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

test('a room whose creation is killed has all of its content or does not exist, and the request can be repeated', async () => {
  const found: Outcome[] = [];
  let system = await startSystemWith('src/index.ts', folder);
  const user = await system.signUp();
  const tookMs = await measureMs(async () => {
    const statuses = createAll(system, user, 0).map(({ status }) => status);
    expect(await Promise.all(statuses)).toEqual(statuses.map(() => 201));
  });
  for (let kill = 1; kill <= MAX_KILLS && (kill <= KILLS || new Set(found).size < 2); kill++) {
    const attempts = createAll(system, user, kill);
    await sleep((tookMs * ((kill - 1) % KILLS)) / KILLS);
    await system.kill();
    system = await startSystemWith('src/index.ts', folder);
    for (const attempt of attempts) {
      const outcome = await readOutcome(system, user, attempt);
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

test('the check detects rooms whose content is stored after their creation', async () => {
  const entry = 'test/worker/entries/late-content-rooms.ts';
  const system = await startSystemWith(entry, folder);
  const user = await system.signUp();
  const attempts = createAll(system, user, 0);
  await Promise.any(attempts.map(({ status }) => status));
  await system.kill();
  const again = await startSystemWith(entry, folder);
  const outcomes = await Promise.all(attempts.map((attempt) => readOutcome(again, user, attempt)));
  expect(outcomes).toContain('without its content');
  await again.kill();
});

function createAll(system: System, user: User, round: number): Attempt[] {
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

async function readOutcome(system: System, user: User, { path, body }: Attempt): Promise<Outcome> {
  const response = await system.get(user, path);
  if (response.status === 404) return 'absent';
  expect(response.status, path).toBe(200);
  const read = new Uint8Array(await response.arrayBuffer());
  return Buffer.from(read).equals(body) ? 'whole' : 'without its content';
}

async function measureMs(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
