import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';

const FOLDER = path.join(import.meta.dirname, '../../d1-migrations');
const BY_ROWID = '0014_instance_rowid.sql';
const IMPLIED = '0015_implied_columns.sql';
const ROWS = 2_000;

const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .toSorted();

function migrate(db: DatabaseSync, file: string): void {
  db.exec(
    `BEGIN; ${readFileSync(path.join(FOLDER, file), 'utf8').replaceAll('--> statement-breakpoint', '')}; COMMIT`,
  );
}

const COLUMNS = `do_name, do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at,
  storage_measured_at, seq`;

/** A registry as it was before a migration. */
function registryBefore(migration: string): DatabaseSync {
  const db = new DatabaseSync(':memory:');
  db.exec('PRAGMA foreign_keys = ON');
  for (const file of files.slice(0, files.indexOf(migration))) migrate(db, file);
  return db;
}

const rowsOf = (db: DatabaseSync) =>
  db.prepare(`SELECT ${COLUMNS} FROM durable_object_instance ORDER BY seq`).all();

/** All that the registry holds, and its triggers, indexes and views. */
function contentOf(db: DatabaseSync) {
  const tables = ['registry_tombstone', 'user_storage_day'];
  return [
    rowsOf(db),
    ...tables.map((table) => db.prepare(`SELECT * FROM ${table} ORDER BY seq`).all()),
    db
      .prepare(
        `SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index', 'view') AND sql IS NOT NULL ORDER BY name`,
      )
      .all(),
  ];
}

test('the migration to row numbers keeps every row, number, trigger, index and reference', () => {
  const db = registryBefore(BY_ROWID);
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

  for (const file of files.slice(files.indexOf(BY_ROWID) + 1)) migrate(db, file);
  db.exec("DELETE FROM user WHERE id = 'eva'");
  const left = db.prepare("SELECT count(*) AS n FROM durable_object_instance WHERE user_id = 'eva'").get();
  expect(left).toEqual({ n: 0 });
  const gone = db.prepare('SELECT count(*) AS n FROM registry_tombstone').get();
  expect(gone).toEqual({ n: ROWS / 2 });
  db.close();
});

/** The definition of an index on what was a column of its own. */
function moved(definition: unknown): string {
  return String(definition).replace('`do_name`, `decoded_user_id`', '`user_id`');
}

describe('the migration to generated columns', () => {
  const OWNERS = ['ada', 'document', 'https://issuer.example/#eva'];
  const NAMES = ['notes', 'a-b_c.d!~*()', 'note 1', '100 %', 'a:b', '日本語', 'workspace'];

  /** Every owner has a room of every name and both types. */
  function fill(db: DatabaseSync): void {
    const addUser = db.prepare('INSERT INTO user (id, name, email) VALUES (?1, ?1, ?1)');
    const addRow = db.prepare(
      `INSERT INTO durable_object_instance (${COLUMNS}) VALUES (?, hex(randomblob(32)), ?, ?, ?, ?, 1, 2, ?, ?)`,
    );
    let seq = 0;
    for (const owner of OWNERS) {
      addUser.run(owner);
      for (const doType of ['workspace', 'document']) {
        for (const name of NAMES) {
          const doName = `user:${encodeURIComponent(owner)}:${doType}:${encodeURIComponent(name)}`;
          const isMeasured = (seq += 1) % 3 > 0;
          addRow.run(doName, owner, doType, name, isMeasured ? seq : null, isMeasured ? 3 : null, seq);
        }
      }
    }
  }

  test('keeps rows, numbers, indexes, references and triggers, and stores only decoded parts of names', () => {
    const db = registryBefore(IMPLIED);
    fill(db);
    db.exec('DELETE FROM durable_object_instance WHERE seq % 10 = 0');
    const before = contentOf(db);
    migrate(db, IMPLIED);
    const after = contentOf(db).map((rows) =>
      rows.map((row) => ('sql' in row ? { ...row, sql: moved(row['sql']) } : row)),
    );
    expect(after).toEqual(before.map((rows) => rows.map((row) => ({ ...row }))));
    expect(db.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    const stored = db
      .prepare(
        `SELECT DISTINCT decoded_user_id, decoded_name FROM durable_object_instance
         WHERE decoded_user_id = 'ada' OR decoded_name IN ('notes', 'workspace')`,
      )
      .all();
    expect(stored).toEqual([]);

    for (const owner of OWNERS) db.prepare('DELETE FROM user WHERE id = ?').run(owner);
    expect(rowsOf(db)).toEqual([]);
    const totals = db
      .prepare('SELECT max(day) AS day, storage_bytes FROM user_storage_day GROUP BY user_id')
      .all();
    expect(totals.map((row) => row['storage_bytes'])).toEqual(OWNERS.map(() => 0));
    db.close();
  });

  test('deletes rows whose name does not match their owner, with tombstones and correct totals', () => {
    const db = registryBefore(IMPLIED);
    fill(db);
    const kept = rowsOf(db);
    const [total] = db
      .prepare(`SELECT sum(storage_bytes) AS n FROM durable_object_instance WHERE user_id = 'ada'`)
      .all();
    const strange = ['user:nobody:document:notes', 'user:ada:folder:notes', 'notes'];
    for (const [index, doName] of strange.entries()) {
      db.prepare(
        `INSERT INTO durable_object_instance (${COLUMNS}) VALUES (?, 'ab', 'ada', 'document', 'notes', 7, 1, 1, 1, ?)`,
      ).run(doName, 1_000 + index);
    }
    migrate(db, IMPLIED);
    expect(rowsOf(db)).toEqual(kept);
    const gone = db.prepare('SELECT do_name FROM registry_tombstone ORDER BY seq').all();
    expect(new Set(gone.map((row) => row['do_name']))).toEqual(new Set(strange));
    const [last] = db.prepare(`SELECT storage_bytes AS n FROM user_storage_day WHERE user_id = 'ada'`).all();
    expect(last).toEqual(total);
    db.close();
  });

  test('refuses a row with missing or unnecessary decoded parts', () => {
    const db = registryBefore(IMPLIED);
    fill(db);
    migrate(db, IMPLIED);
    const add = db.prepare(
      `INSERT INTO durable_object_instance
         (do_name, do_id, created_at, last_accessed_at, seq, decoded_user_id, decoded_name) VALUES (?, 'ab', 1, 1, ?, ?, ?)`,
    );
    expect(() => add.run('user:ada:document:a%20b', 2_000, null, null)).toThrow('decoded_name_needed');
    expect(() => add.run('user:ada:document:ab', 2_000, null, 'ab')).toThrow('decoded_name_needed');
    expect(() => add.run('user:ada:document:ab', 2_000, 'ada', null)).toThrow('decoded_user_id_needed');
    expect(() => add.run('user:ada:folder:ab', 2_000, null, null)).toThrow('do_type');
    expect(() => add.run('user:nobody:document:ab', 2_000, null, null)).toThrow('FOREIGN KEY');
    add.run('user:ada:document:ab', 2_000, null, null);
    db.close();
  });
});
