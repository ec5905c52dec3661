import { env } from 'cloudflare:workers';
import type { Client, QueryResultRow } from 'pg';
import { expect } from 'vitest';
import type { Bindings } from '../../src/domain/env.ts';
import type { IncrementalSummary, PassLimits } from '../../src/mirror/passes/incremental-pass.ts';
import { POSTGRES_TIMEOUTS, withPostgres } from '../../src/mirror/postgres/connect.ts';
import {
  RECONCILE_LIMITS,
  type ReconcileLimits,
  type ReconcileSummary,
} from '../../src/mirror/passes/reconcile-pass.ts';
import type { ReconcileMode } from '../../src/mirror/passes/reconcile-record.ts';
import { type RunBounds, runMirror, runReconcile } from '../../src/mirror/passes/run.ts';
import { latestSeq, registryHistory, registryTable, remove, room, write } from './registry.ts';

/** The bindings as the Worker sees them, Hyperdrive included. */
export const bindings: Bindings = env;

export function postgresUrl(): string {
  if (bindings.HYPERDRIVE === undefined) throw new Error('the project mirror binds HYPERDRIVE');
  return bindings.HYPERDRIVE.connectionString;
}

let held: Client | undefined;

/** What is asked within `work` goes through one connection: for tests that ask a thousand times. */
export async function withHeldConnection(work: () => Promise<void>): Promise<void> {
  await withPostgres(postgresUrl(), POSTGRES_TIMEOUTS, async (client) => {
    held = client;
    try {
      await work();
    } finally {
      held = undefined;
    }
  });
}

/** Asks Postgres directly. */
export async function ask<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  if (held !== undefined) return (await held.query<Row>(text, values)).rows;
  return withPostgres(
    postgresUrl(),
    POSTGRES_TIMEOUTS,
    async (client) => (await client.query<Row>(text, values)).rows,
  );
}

function ms(column: string): string {
  return `trunc(extract(epoch from ${column}) * 1000)::bigint::text as ${column}`;
}

/** The whole copy in the shape of `registryTable`. */
export async function mirroredTable(): Promise<unknown[]> {
  return ask(
    `select do_name, do_id, user_id, do_type, resource_name, storage_bytes::text as storage_bytes,
       ${ms('created_at')}, ${ms('last_accessed_at')}, ${ms('storage_measured_at')}, seq::text as seq
     from durable_object_instance order by do_name`,
  );
}

/** The copied history in the shape of `registryHistory`, without what the registry has no more. */
export async function mirroredHistory(): Promise<unknown[]> {
  return ask(
    `select user_id, day::text as day, opened_bytes::text, storage_bytes::text,
       trunc(extract(epoch from changed_at))::text as changed_at, byte_seconds::text, seq::text
     from user_storage_day where gone_at is null order by user_id, day`,
  );
}

/** The checkpoint in Postgres, or `null` before the first batch. */
export async function checkpoint(): Promise<number | null> {
  const [row] = await ask<{ seq: string }>("select seq from mirror_checkpoint where source = 'registry'");
  return row === undefined ? null : Number(row.seq);
}

export async function emptyCopy(): Promise<void> {
  await ask('truncate durable_object_instance, user_storage_day, mirror_checkpoint, mirror_reconcile');
}

/** A run that must succeed. */
export async function mirror(limits?: PassLimits): Promise<IncrementalSummary> {
  const outcome = await runMirror(bindings, limits === undefined ? {} : { limits });
  if (outcome.state !== 'done') throw new Error(`the run ended as ${JSON.stringify(outcome)}`);
  return outcome.summary;
}

/** A run that must fail. */
export async function failToMirror(env: Bindings = bindings, bounds: RunBounds = {}): Promise<string> {
  const outcome = await runMirror(env, bounds);
  if (outcome.state !== 'failed') throw new Error(`the run ended as ${JSON.stringify(outcome)}`);
  return outcome.error;
}

/** The law of the whole: every row, and the checkpoint at the registry's latest number. */
export async function expectExactCopy(): Promise<void> {
  expect(await mirroredTable()).toEqual(await registryTable());
  expect(await mirroredHistory()).toEqual(await registryHistory());
  expect(await checkpoint()).toBe(await latestSeq());
}

/** A reconcile run that must succeed; the whole pass unless `limits` say otherwise. */
export async function reconcile(
  mode: ReconcileMode = 'repair',
  limits: ReconcileLimits = RECONCILE_LIMITS,
): Promise<ReconcileSummary> {
  const outcome = await runReconcile(bindings, mode, { reconcileLimits: limits });
  if (outcome.state !== 'done') throw new Error(`the run ended as ${JSON.stringify(outcome)}`);
  return outcome.summary;
}

/** Rooms of `ada` that the copy has, and then a change of each kind that it has not. */
export async function makeChanges(): Promise<void> {
  await write(['kept', 'changed', 'deleted', 'recreated'].map((name) => room('ada', name)));
  await mirror();
  await write([room('ada', 'changed', { storageBytes: 1 }), room('ada', 'new')]);
  await remove(room('ada', 'deleted').doName);
  await remove(room('ada', 'recreated').doName);
  await write([room('ada', 'recreated', { createdAt: 1_760_000_000_000 })]);
}
