import type { Client } from 'pg';
import type { ChangedRow, Tombstone } from '../registry/changes.ts';

/** Guarded by `seq`: a room that was recreated since has a later row, which stays. */
const DELETE_GONE = `
  delete from durable_object_instance as mirrored
  using unnest($1::text[], $2::bigint[]) as gone (do_name, seq)
  where mirrored.do_name = gone.do_name and mirrored.seq < gone.seq`;

const DELETE_NAMED = 'delete from durable_object_instance where do_name = any($1)';

const UPSERT = `
  insert into durable_object_instance as mirrored (
    do_name, do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at,
    storage_measured_at, seq, mirrored_at
  )
  select do_name, do_id, user_id, do_type, resource_name, storage_bytes, ${time('created_at')},
    ${time('last_accessed_at')}, ${time('storage_measured_at')}, seq, now()
  from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[]
  ) as changed (
    do_name, do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at,
    storage_measured_at, seq
  )
  on conflict (do_name) do update set
    do_id = excluded.do_id,
    user_id = excluded.user_id,
    do_type = excluded.do_type,
    resource_name = excluded.resource_name,
    storage_bytes = excluded.storage_bytes,
    created_at = excluded.created_at,
    last_accessed_at = excluded.last_accessed_at,
    storage_measured_at = excluded.storage_measured_at,
    seq = excluded.seq,
    mirrored_at = excluded.mirrored_at`;

/** Guarded by `seq`: what is there already is neither written again nor put back. */
const UPSERT_CHANGED = `${UPSERT} where excluded.seq > mirrored.seq`;

/**
 * A `timestamptz` of a column of Unix milliseconds, exact for every safe integer: `to_timestamp` computes in floating
 * point, and days of an interval are counted apart from its microseconds.
 */
function time(column: string): string {
  return `(timestamp 'epoch' + interval '1 day' * (${column} / 86400000)
    + interval '1 millisecond' * (${column} % 86400000)) at time zone 'UTC'`;
}

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
  const { rowCount } = await client.query(statement, [
    rows.map((row) => row.doName),
    rows.map((row) => row.doId),
    rows.map((row) => row.userId),
    rows.map((row) => row.doType),
    rows.map((row) => row.resourceName),
    rows.map((row) => row.storageBytes),
    rows.map((row) => row.createdAt),
    rows.map((row) => row.lastAccessedAt),
    rows.map((row) => row.storageMeasuredAt),
    rows.map((row) => row.seq),
  ]);
  return rowCount ?? 0;
}
