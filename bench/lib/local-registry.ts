import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getPlatformProxy } from 'wrangler';
import { readWranglerToml } from '../../scripts/lib/dev-config.ts';
import { migrateLocalD1 } from '../../scripts/lib/migrate-local-d1.ts';

/** Rows that one statement inserts: some hundred megabytes of them would be more than a statement may take. */
const ROWS_A_STATEMENT = 100_000;

/** A migrated registry in a D1 of its own, in workerd on this machine. */
export interface LocalRegistry {
  readonly db: D1Database;
  /** Adds a user with rooms of all kinds of sizes and times, each third a workspace, each tenth not measured. */
  addRooms(userId: string, count: number): Promise<void>;
  /** Adds users of `roomsEach` rooms until the table holds `rows`. */
  fillTo(rows: number, roomsEach: number): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Parameters: ?1 the users' common name, ?2 rooms so far, ?3 rooms to add, ?4 rooms of each user. D1 binds numbers as REAL,
 * whose division leaves fractions.
 */
const NUMBERED = `
  WITH RECURSIVE
    given(made, some, each) AS (SELECT cast(?2 AS integer), cast(?3 AS integer), cast(?4 AS integer)),
    n(i) AS (SELECT made FROM given UNION ALL SELECT i + 1 FROM n, given WHERE i + 1 < made + some),
    numbered(i, user_id) AS (SELECT i, ?1 || (i / each) FROM n, given)`;
const USERS = `${NUMBERED}
  INSERT INTO user (id, name, email) SELECT DISTINCT user_id, ?1, user_id FROM numbered WHERE true ON CONFLICT DO NOTHING`;
const ROOMS = `${NUMBERED}
  INSERT INTO durable_object_instance
    (do_name, do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq)
  SELECT 'user:' || user_id || ':' || iif(i % 3 = 0, 'workspace', 'document') || ':room%20' || i,
    lower(hex(randomblob(32))), user_id, iif(i % 3 = 0, 'workspace', 'document'), 'room ' || i,
    iif(i % 10 = 0, NULL, 4096 * (1 + abs(random()) % 5000)), 1700000000000 + i, 1700000000000 + abs(random()) % 100000000000,
    iif(i % 10 = 0, NULL, 1700000000000 + i), i + 1 - ?2 + (SELECT coalesce(max(seq), 0) FROM durable_object_instance)
  FROM numbered`;

export async function startLocalRegistry(): Promise<LocalRegistry> {
  const home = await mkdtemp(path.join(tmpdir(), 'roomkeeper-bench-'));
  const data = path.join(home, 'data');
  const raw = await readWranglerToml();
  await migrateLocalD1({ raw, home, data });
  // The database alone: no rooms are needed.
  const configPath = path.join(home, 'wrangler.json');
  const { name, compatibility_date, d1_databases } = raw;
  await writeFile(configPath, JSON.stringify({ name, compatibility_date, d1_databases }));
  const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({
    configPath,
    persist: { path: path.join(data, 'v3') },
    remoteBindings: false,
  });
  const db = env.DB;
  const add = async (name: string, rooms: number, roomsEach: number): Promise<void> => {
    for (let made = 0; made < rooms; made += ROWS_A_STATEMENT) {
      const some = Math.min(ROWS_A_STATEMENT, rooms - made);
      await db.batch([USERS, ROOMS].map((sql) => db.prepare(sql).bind(name, made, some, roomsEach)));
    }
  };
  return {
    db,
    addRooms: (userId, count) => add(userId, count, count),
    async fillTo(rows, roomsEach) {
      const count = await db.prepare('SELECT count(*) AS n FROM durable_object_instance').first<number>('n');
      await add(`crowd${rows}-`, rows - (count ?? 0), roomsEach);
    },
    async remove() {
      await dispose();
      await rm(home, { recursive: true, force: true });
    },
  };
}
