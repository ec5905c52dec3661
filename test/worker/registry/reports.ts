import { env } from 'cloudflare:workers';
import type { InstanceReport } from '../../../src/domain/instance.ts';
import { upsertStatement } from '../../../src/registry/write/upsert-instance.ts';

/** A row of `durable_object_instance` as readers see it. */
export interface Row {
  do_name: string;
  do_id: string;
  user_id: string;
  do_type: string;
  resource_name: string;
  storage_bytes: number | null;
  created_at: number;
  last_accessed_at: number;
  storage_measured_at: number | null;
  seq: number;
}

export interface Tombstone {
  do_name: string;
  created_at: number;
  deleted_at: number;
  seq: number;
}

/** Unix time in milliseconds from which the tests count. */
export const T0 = Date.UTC(2026, 10, 1);

export async function signUp(id = crypto.randomUUID()): Promise<string> {
  await env.DB.prepare('INSERT INTO user (id, name, email) VALUES (?1, ?1, ?1)').bind(id).run();
  return id;
}

export async function deleteUser(id: string): Promise<void> {
  await env.DB.prepare('DELETE FROM user WHERE id = ?').bind(id).run();
}

/** Deletes a row by hand: the room still exists. */
export async function loseRow(doName: string): Promise<void> {
  await env.DB.prepare('DELETE FROM durable_object_instance WHERE do_name = ?').bind(doName).run();
}

/** A report of a room, by default created and used at T0 and not measured. */
export function report(
  userId: string,
  resourceName: string,
  rest: Partial<InstanceReport> = {},
): InstanceReport {
  const doType = rest.doType ?? 'document';
  return {
    doName: `user:${encodeURIComponent(userId)}:${doType}:${encodeURIComponent(resourceName)}`,
    doId: 'ab'.repeat(32),
    userId,
    doType,
    resourceName,
    createdAt: T0,
    accessedAt: T0,
    measurement: null,
    ...rest,
  };
}

/** Records a report; says how many rows that wrote. */
export async function rowsWrittenBy(reported: InstanceReport): Promise<number> {
  return (await upsertStatement(env.DB, reported).run()).meta.rows_written;
}

export function readRow(doName: string): Promise<Row | null> {
  return env.DB.prepare(
    `SELECT do_name, do_id, user_id, do_type, resource_name, storage_bytes, created_at, last_accessed_at,
       storage_measured_at, seq
     FROM durable_object_instance WHERE do_name = ?`,
  )
    .bind(doName)
    .first<Row>();
}

export function readTombstone(doName: string): Promise<Tombstone | null> {
  return env.DB.prepare('SELECT * FROM registry_tombstone WHERE do_name = ?').bind(doName).first<Tombstone>();
}

/** Every change number given, rows' and tombstones'. */
export async function changeNumbers(): Promise<number[]> {
  const { results } = await env.DB.prepare(
    'SELECT seq FROM durable_object_instance UNION ALL SELECT seq FROM registry_tombstone ORDER BY seq',
  ).all<{ seq: number }>();
  return results.map(({ seq }) => seq);
}
