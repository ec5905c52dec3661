import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getPlatformProxy } from 'wrangler';
import { readWranglerToml } from '../../scripts/lib/wrangler-toml.ts';
import { ADD_ROOMS, ADD_USERS, ROWS_A_STATEMENT } from './fill-registry.ts';

/** The registry of a system that does not run, in workerd on this machine. */
export interface LocalRegistry {
  readonly db: D1Database;
  /** Adds a user with rooms of all kinds of sizes and times, each third a workspace, each tenth not measured. */
  addRooms(userId: string, count: number): Promise<void>;
  /** Adds users of `roomsEach` rooms until the table holds `rows`. */
  fillTo(rows: number, roomsEach: number): Promise<void>;
  close(): Promise<void>;
}

/** @param folder where the system's data is (`--persist-to`) */
export async function openRegistry(folder: string): Promise<LocalRegistry> {
  const home = await mkdtemp(path.join(tmpdir(), 'roomkeeper-bench-'));
  // The database alone: no rooms are needed.
  const configPath = path.join(home, 'wrangler.json');
  const { name, compatibility_date, d1_databases } = await readWranglerToml();
  await writeFile(configPath, JSON.stringify({ name, compatibility_date, d1_databases }));
  const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({
    configPath,
    persist: { path: path.join(folder, 'wrangler/v3') },
    remoteBindings: false,
  });
  const db = env.DB;
  const add = async (name: string, rooms: number, roomsEach: number): Promise<void> => {
    for (let made = 0; made < rooms; made += ROWS_A_STATEMENT) {
      const some = Math.min(ROWS_A_STATEMENT, rooms - made);
      await db.batch([ADD_USERS, ADD_ROOMS].map((sql) => db.prepare(sql).bind(name, made, some, roomsEach)));
    }
  };
  return {
    db,
    addRooms: (userId, count) => add(userId, count, count),
    async fillTo(rows, roomsEach) {
      const count = await db.prepare('SELECT count(*) AS n FROM durable_object_instance').first<number>('n');
      await add('crowd-', rows - (count ?? 0), roomsEach);
    },
    async close() {
      await dispose();
      await rm(home, { recursive: true, force: true });
    },
  };
}
