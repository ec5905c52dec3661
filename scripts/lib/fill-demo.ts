import path from 'node:path';
import { readdir } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { buildDoName } from '../../src/domain/do-name.ts';
import { getDecodedColumn } from '../../src/registry/write/decoded-column.ts';
import { DEMO_ROOMS, type DemoRoom, demoDays } from './demo-rooms.ts';

const DAY_S = 86_400;
/** More than any page shows. */
const HISTORY_DAYS = 45;
/** How long another process may hold the database, in ms. */
const PATIENCE_MS = 10_000;

/**
 * Gives a user what takes months to come by: rooms of all ages, and the history of their sizes. Written into the local registry
 * itself, of a system that does not run; the rooms have rows there and no objects.
 * @param folder that was given to `npm run dev` as `--persist-to`
 * @param now Unix milliseconds
 */
export async function fillDemo(folder: string, userId: string, now: number): Promise<void> {
  const database = new DatabaseSync(await registryFile(folder), { timeout: PATIENCE_MS });
  try {
    database.exec('BEGIN IMMEDIATE');
    for (const room of DEMO_ROOMS) addRoom(database, userId, room, now);
    writeHistory(database, userId, now);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

/** Makes a user an operator. */
export async function makeOperator(folder: string, userId: string): Promise<void> {
  const database = new DatabaseSync(await registryFile(folder), { timeout: PATIENCE_MS });
  try {
    database.prepare(`UPDATE user SET role = 'admin' WHERE id = ?`).run(userId);
  } finally {
    database.close();
  }
}

function addRoom(database: DatabaseSync, userId: string, room: DemoRoom, now: number): void {
  const { doType, resourceName, storageBytes, madeAgoMs, usedAgoMs } = room;
  const doName = buildDoName({ userId, doType, resourceName });
  const usedAt = Math.round(now - usedAgoMs);
  database
    .prepare(
      `INSERT INTO durable_object_instance
        (do_name, do_id, decoded_user_id, decoded_name, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq)
       VALUES (?, lower(hex(randomblob(32))), ?, ?, ?, ?, ?, ?,
         1 + max(
           coalesce((SELECT max(seq) FROM durable_object_instance), 0),
           coalesce((SELECT max(seq) FROM registry_tombstone), 0)
         ))`,
    )
    .run(
      doName,
      getDecodedColumn(userId),
      getDecodedColumn(resourceName),
      storageBytes,
      Math.round(now - madeAgoMs),
      usedAt,
      storageBytes === null ? null : usedAt + 1_000,
    );
}

/** The trigger has written one row, of today: days before it are put in front, and it goes on from the last of them. */
function writeHistory(database: DatabaseSync, userId: string, now: number): void {
  const add = database.prepare(
    `INSERT INTO user_storage_day (user_id, day, opened_bytes, storage_bytes, changed_at, byte_seconds, steps, seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, 1)`,
  );
  let opened = 0;
  for (const { day, storageBytes } of demoDays(DEMO_ROOMS, HISTORY_DAYS, now)) {
    const second = DAY_S / 2;
    const steps = JSON.stringify([[second, storageBytes]]);
    add.run(userId, day, opened, storageBytes, day * DAY_S + second, BigInt(opened) * BigInt(second), steps);
    opened = storageBytes;
  }
  database
    .prepare(
      `UPDATE user_storage_day SET opened_bytes = ?1, byte_seconds = ?1 * (changed_at % ${DAY_S})
       WHERE user_id = ?2 AND day = ?3`,
    )
    .run(opened, userId, Math.floor(now / 1_000 / DAY_S));
}

/** The one of wrangler's local databases that has accounts. */
async function registryFile(folder: string): Promise<string> {
  const home = path.join(folder, 'wrangler', 'v3', 'd1');
  for (const file of await readdir(home, { recursive: true })) {
    const whole = path.join(home, file);
    if (file.endsWith('.sqlite') && !file.endsWith('metadata.sqlite') && hasUsers(whole)) return whole;
  }
  throw new Error(`There is no registry in ${home}. Start "npm run dev" once.`);
}

function hasUsers(file: string): boolean {
  const database = new DatabaseSync(file, { timeout: PATIENCE_MS });
  try {
    return database.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'user'`).get() !== undefined;
  } finally {
    database.close();
  }
}
