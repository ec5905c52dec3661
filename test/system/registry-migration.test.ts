import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';

const FOLDER = path.join(import.meta.dirname, '../../d1-migrations');
const BY_ROWID = '0014_instance_rowid.sql';
const ROWS = 2_000;

const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .toSorted();

function migrate(db: DatabaseSync, file: string): void {
  db.exec(
    `BEGIN; ${readFileSync(path.join(FOLDER, file), 'utf8').replaceAll('--> statement-breakpoint', '')}; COMMIT`,
  );
}

/** All that the registry holds, and its triggers, indexes and views. */
function contentOf(db: DatabaseSync) {
  const tables = ['durable_object_instance', 'registry_tombstone', 'user_storage_day'];
  return [
    ...tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY seq`).all()),
    db
      .prepare(
        `SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index', 'view') AND sql IS NOT NULL ORDER BY name`,
      )
      .all(),
  ];
}

test('the migration to row numbers keeps every row, number, trigger, index and reference', () => {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA foreign_keys = ON');
  const at = files.indexOf(BY_ROWID);
  for (const file of files.slice(0, at)) migrate(db, file);
  db.exec("INSERT INTO user (id, name, email) VALUES ('ada', 'Ada', 'a'), ('eva', 'Eva', 'e')");
  db.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
    INSERT INTO durable_object_instance
    SELECT format('user:%s:document:%s', iif(i % 2, 'ada', 'eva'), hex(randomblob(8))), hex(randomblob(32)),
      iif(i % 2, 'ada', 'eva'), 'document', 'note ' || i, iif(i % 3, i, NULL), 1, 2, iif(i % 3, 3, NULL), i FROM n`);
  db.exec('DELETE FROM durable_object_instance WHERE seq % 10 = 0');
  const before = contentOf(db);
  migrate(db, BY_ROWID);
  expect(contentOf(db)).toEqual(before);
  expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);

  for (const file of files.slice(at + 1)) migrate(db, file);
  db.exec("DELETE FROM user WHERE id = 'eva'");
  const left = db.prepare("SELECT count(*) AS n FROM durable_object_instance WHERE user_id = 'eva'").get();
  expect(left).toEqual({ n: 0 });
  const gone = db.prepare('SELECT count(*) AS n FROM registry_tombstone').get();
  expect(gone).toEqual({ n: ROWS / 2 });
  db.close();
});
