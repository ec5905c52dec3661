import { describeError } from '../../lib/log-text.ts';

/** Whether SQLite can go through all of its file: where it cannot, `DROP TABLE` fails and takes the object with it. */
export function isFileSound(sql: SqlStorage): boolean {
  try {
    return sql.exec('PRAGMA quick_check(1)').toArray()[0]?.['quick_check'] === 'ok';
  } catch (error) {
    console.error({ event: 'file_check_failed', error: describeError(error) });
    return false;
  }
}

/**
 * Deletes every table and every key but these, whoever made them: what a later version of Roomkeeper stores is deleted
 * too. Must run inside a transaction. (`deleteAll` would leave one page of 4,096 bytes less behind, the alarm's, but is
 * no part of any transaction: a crash right after it would take the marker of the deletion as well.)
 */
export function eraseAllBut(storage: DurableObjectStorage, keys: readonly string[]): void {
  const { sql, kv } = storage;
  // Rows may refer to rows of a table that goes first.
  sql.exec('PRAGMA defer_foreign_keys = ON');
  const tables = sql
    .exec<{ name: string }>(
      String.raw`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\_cf\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`,
    )
    .toArray();
  for (const { name } of tables) sql.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
  for (const key of [...kv.list()].map(([name]) => name)) if (!keys.includes(key)) kv.delete(key);
}
