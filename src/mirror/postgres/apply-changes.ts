import type { Client } from 'pg';
import type { Tombstone } from '../../registry/changes/changes.ts';
import { type ChangedRow, INSTANCE_COLUMNS } from '../../registry/changes/columns.ts';
import { parametersOf, upsertStatement } from './copied-columns.ts';

/** Guarded by `seq`: a room that was recreated since has a later row, which stays. */
const DELETE_GONE = `
  delete from durable_object_instance as mirrored
  using unnest($1::text[], $2::bigint[]) as gone (do_name, seq)
  where mirrored.do_name = gone.do_name and mirrored.seq < gone.seq`;

const DELETE_NAMED = 'delete from durable_object_instance where do_name = any($1)';

const UPSERT = upsertStatement('durable_object_instance', INSTANCE_COLUMNS, ['do_name'], {
  mirrored_at: 'now()',
});

/** Guarded by `seq`: what is there already is neither written again nor put back. */
const UPSERT_CHANGED = `${UPSERT} where excluded.seq > mirrored.seq`;

/** @returns how many rows were deleted */
export async function deleteGone(client: Client, tombstones: readonly Tombstone[]): Promise<number> {
  if (tombstones.length === 0) return 0;
  const { rowCount } = await client.query(DELETE_GONE, [
    tombstones.map((tombstone) => tombstone.doName),
    tombstones.map((tombstone) => tombstone.seq),
  ]);
  return rowCount ?? 0;
}

/**
 * @param rows no two of the same room: a statement may not touch a row twice (SQLSTATE 21000)
 * @returns how many rows were inserted or changed
 */
export async function upsertChanged(client: Client, rows: readonly ChangedRow[]): Promise<number> {
  return upsert(client, UPSERT_CHANGED, rows);
}

/** Puts rows of the registry into the copy whatever stands there: the checkpoint is locked, and they are not after it. */
export async function overwrite(client: Client, rows: readonly ChangedRow[]): Promise<number> {
  return upsert(client, UPSERT, rows);
}

/** Deletes rows that the copy must not have, whatever their `seq`. */
export async function deleteExtra(client: Client, doNames: readonly string[]): Promise<number> {
  if (doNames.length === 0) return 0;
  const { rowCount } = await client.query(DELETE_NAMED, [doNames]);
  return rowCount ?? 0;
}

async function upsert(client: Client, statement: string, rows: readonly ChangedRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const { rowCount } = await client.query(statement, parametersOf(INSTANCE_COLUMNS, rows));
  return rowCount ?? 0;
}
