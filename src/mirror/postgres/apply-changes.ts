import type { Client } from 'pg';
import type { Tombstone } from '../../registry/changes/changes.ts';
import { type ChangedRow, INSTANCE_COLUMNS } from '../../registry/changes/columns.ts';
import { createParameters, upsertStatement } from './copied-columns.ts';

/** Compares `seq`, so that the row of a recreated room stays. */
const DELETE_GONE = `
  delete from durable_object_instance as mirrored
  using unnest($1::text[], $2::bigint[]) as gone (do_name, seq)
  where mirrored.do_name = gone.do_name and mirrored.seq < gone.seq`;

const DELETE_NAMED = 'delete from durable_object_instance where do_name = any($1)';

const UPSERT = upsertStatement('durable_object_instance', INSTANCE_COLUMNS, ['do_name'], {
  mirrored_at: 'now()',
});

/** Compares `seq`, so that a row is neither written again nor replaced by an older one. */
const UPSERT_CHANGED = `${UPSERT} where excluded.seq > mirrored.seq`;

/** @returns the number of deleted rows */
export async function deleteGone(client: Client, tombstones: readonly Tombstone[]): Promise<number> {
  if (tombstones.length === 0) return 0;
  const { rowCount } = await client.query(DELETE_GONE, [
    tombstones.map((tombstone) => tombstone.doName),
    tombstones.map((tombstone) => tombstone.seq),
  ]);
  return rowCount ?? 0;
}

/**
 * @param rows at most one per room, because a statement must not change a row twice (SQLSTATE 21000)
 * @returns the number of inserted or changed rows
 */
export async function upsertChanged(client: Client, rows: readonly ChangedRow[]): Promise<number> {
  return upsert(client, UPSERT_CHANGED, rows);
}

/** Writes rows without comparing `seq`. The checkpoint must be locked, and `seq` of the rows must not be after it. */
export async function overwriteRows(client: Client, rows: readonly ChangedRow[]): Promise<number> {
  return upsert(client, UPSERT, rows);
}

/** Deletes rows without comparing `seq`. */
export async function deleteExtra(client: Client, doNames: readonly string[]): Promise<number> {
  if (doNames.length === 0) return 0;
  const { rowCount } = await client.query(DELETE_NAMED, [doNames]);
  return rowCount ?? 0;
}

async function upsert(client: Client, statement: string, rows: readonly ChangedRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(statement, createParameters(INSTANCE_COLUMNS, rows));
  return rowCount ?? 0;
}
