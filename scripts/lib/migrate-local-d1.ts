import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runToEnd } from './processes.ts';
import { D1_NAME, PROJECT_ROOT } from './project.ts';
import { localWrangler } from './wrangler.ts';

const MIGRATIONS = path.join(PROJECT_ROOT, 'd1-migrations');

export interface LocalD1 {
  /** wrangler.toml. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** See `localWrangler`. */
  readonly home: string;
  /** Where wrangler keeps its local data. */
  readonly data: string;
}

/**
 * Brings the local D1 to the newest of d1-migrations. wrangler takes seconds to find that there is nothing to do, so
 * what was applied is noted beside the data, and asked there.
 */
export async function migrateLocalD1({ raw, home, data }: LocalD1): Promise<void> {
  const note = path.join(data, 'd1-migrated');
  const wanted = await fingerprint(raw);
  if ((await readFile(note, 'utf8').catch(() => '')) === wanted) return;
  const args = ['d1', 'migrations', 'apply', D1_NAME, '--local', '--persist-to', data];
  await runToEnd(localWrangler(args, { home }));
  await mkdir(data, { recursive: true });
  await writeFile(note, wanted);
}

/** Of the migrations and of the database's entry in wrangler.toml, whose ids say which local database is meant. */
async function fingerprint(raw: Readonly<Record<string, unknown>>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(raw['d1_databases']));
  const names = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).toSorted();
  for (const name of names) hash.update(name).update(await readFile(path.join(MIGRATIONS, name)));
  return hash.digest('hex');
}
