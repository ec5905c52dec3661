import { cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DAY_S } from '../../src/registry/read/storage-curve.ts';
import { startSystemWith, type User } from '../../test/support/system.ts';
import type { BenchmarkOptions } from '../lib/benchmark.ts';
import { openRegistry } from './local-registry.ts';

/** Whose rooms are read. Ids of filled-in users end in their number. */
const READER = 'reader';
export const READER_ID = `${READER}0`;
export const READERS_ROOMS = 1_000;
const ROOMS_OF_OTHERS = 100;
const HISTORY_DAYS = 60;
/** Rows of the two registries that are measured, his rooms among them. */
const SIZES = [READERS_ROOMS, 1_000_000] as const;
const QUICK_SIZES = [READERS_ROOMS, 5_000] as const;

/** Two systems' data, with the same user and his rooms in both. */
export interface FilledRegistries {
  readonly reader: User;
  readonly small: Filled;
  readonly large: Filled;
}

export interface Filled {
  readonly rows: number;
  /** Copies the data into an empty folder. */
  copyTo(folder: string): Promise<void>;
}

let made: Promise<FilledRegistries> | null = null;

/** Filled once for all benchmarks of a run: a million rows take their time. */
export function filledRegistries({ quick }: Pick<BenchmarkOptions, 'quick'>): Promise<FilledRegistries> {
  made ??= fill(quick ? QUICK_SIZES : SIZES);
  return made;
}

async function fill([fewRows, manyRows]: readonly [number, number]): Promise<FilledRegistries> {
  const few = await folderOf('few');
  const many = await folderOf('many');
  const reader = await signUp(few);
  await addReader(few);
  await cp(few, many, { recursive: true });
  const registry = await openRegistry(many);
  try {
    await registry.fillTo(manyRows, ROOMS_OF_OTHERS);
  } finally {
    await registry.close();
  }
  return { reader, small: filled(few, fewRows), large: filled(many, manyRows) };
}

/** Outlives the benchmark that needs it first. */
async function folderOf(name: string): Promise<string> {
  const folder = path.join(tmpdir(), `registry-${name}`);
  await mkdir(folder);
  return folder;
}

const filled = (from: string, rows: number): Filled => ({
  rows,
  copyTo: (folder) => cp(path.join(from, 'wrangler'), path.join(folder, 'wrangler'), { recursive: true }),
});

async function signUp(folder: string): Promise<User> {
  const system = await startSystemWith('src/index.ts', folder);
  try {
    return await system.signUp();
  } finally {
    await system.stop();
  }
}

/** Gives the one user the id of a filled-in one, his rooms, and a history of what they stored. */
async function addReader(folder: string): Promise<void> {
  const registry = await openRegistry(folder);
  const { db } = registry;
  try {
    await db.batch(
      [
        'PRAGMA defer_foreign_keys = ON',
        'DELETE FROM session',
        `UPDATE account SET user_id = '${READER_ID}', account_id = '${READER_ID}'`,
        `UPDATE user SET id = '${READER_ID}'`,
      ].map((sql) => db.prepare(sql)),
    );
    await registry.addRooms(READER, READERS_ROOMS);
    const today = Math.floor(Date.now() / 1_000 / DAY_S);
    await db.batch(
      Array.from({ length: HISTORY_DAYS }, (_, index) =>
        db
          .prepare(
            `INSERT INTO user_storage_day (user_id, day, opened_bytes, storage_bytes, changed_at, byte_seconds, steps, seq)
             VALUES (?1, ?2, 0, ?3, ?2 * 86400, 0, json_array(json_array(0, ?3)), 1)`,
          )
          .bind(READER_ID, today - 1 - index, 1_000_000 * (HISTORY_DAYS - index)),
      ),
    );
  } finally {
    await registry.close();
  }
}
