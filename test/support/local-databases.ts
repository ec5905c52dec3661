import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

type Row = Record<string, unknown>;

/** How long another process may hold a database, in ms. */
const PATIENCE_MS = 5_000;

/**
 * The files that wrangler keeps the databases of a kind in.
 * @param folder given to `npm run dev` as `--persist-to`
 */
export async function databases(folder: string, kind: 'd1' | 'do'): Promise<string[]> {
  const home = path.join(folder, 'wrangler', 'v3', kind);
  const files = await readdir(home, { recursive: true });
  return files
    .filter((file) => file.endsWith('.sqlite') && !file.endsWith('metadata.sqlite'))
    .map((file) => path.join(home, file));
}

/** One statement against the registry, whether or not a system runs on it. */
export async function inRegistry(folder: string, sql: string): Promise<Row[]> {
  const files = await databases(folder, 'd1');
  return files.flatMap((file) => (hasUsers(file) ? inDatabase(file, sql) : []));
}

export function inDatabase(file: string, sql: string): Row[] {
  const database = new DatabaseSync(file, { timeout: PATIENCE_MS });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

function hasUsers(file: string): boolean {
  return inDatabase(file, `SELECT 1 FROM sqlite_master WHERE name = 'user'`).length > 0;
}
