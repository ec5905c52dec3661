import { describeError } from '../../lib/log-text.ts';

/** Whether SQLite can read its whole file. If not, `DROP TABLE` would fail and reset the object. */
export function isFileSound(sql: SqlStorage): boolean {
  try {
    return sql.exec('PRAGMA quick_check(1)').toArray()[0]?.['quick_check'] === 'ok';
  } catch (error) {
    console.error({ event: 'file_check_failed', error: describeError(error) });
    return false;
  }
}

/**
 * Deletes every table and key except `keys`, also those of later releases of Roomkeeper. Must run inside a transaction.
 * `deleteAll` is not transactional: a crash right after it would lose the deletion marker.
 */
export function eraseAllBut(storage: DurableObjectStorage, keys: readonly string[]): void {
  const { sql, kv } = storage;
  // Rows may reference rows of a table that is dropped before theirs.
  sql.exec('PRAGMA defer_foreign_keys = ON');
  const tables = sql
    .exec<{ name: string }>(
      String.raw`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\_cf\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`,
    )
    .toArray();
  for (const { name } of tables) sql.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
  for (const key of [...kv.list()].map(([name]) => name)) if (!keys.includes(key)) kv.delete(key);
}
