import pg from 'pg';
import { buildDoName } from '../../src/domain/do-name.ts';
import { overwriteRows, upsertChanged } from '../../src/mirror/postgres/apply-changes.ts';
import type { IncrementalSummary } from '../../src/mirror/passes/incremental-pass.ts';
import type { ReconcileSummary } from '../../src/mirror/passes/reconcile-pass.ts';
import type { MirrorOutcome } from '../../src/mirror/passes/run.ts';
import type { ChangedRow } from '../../src/registry/changes/columns.ts';
import { IsolateMemory, type IsolateUse } from '../lib/isolate-memory.ts';

const ROOMS_OF_A_USER = 100;

/** A Worker with the entry `measured-mirror`. */
export interface MeasuredWorker {
  readonly origin: string;
  /** Ids of its processes. */
  readonly pids: readonly number[];
}

/** D1's answer to one statement. */
export interface Answer {
  readonly first: Record<string, number | string | null> | undefined;
  readonly meta: { readonly rows_read: number; readonly duration: number };
}

export async function sql(
  { origin }: MeasuredWorker,
  ...statements: readonly (readonly [string, readonly (string | number)[]])[]
): Promise<Answer[]> {
  return post(`${origin}/measured/sql`, JSON.stringify(statements));
}

/** Runs a pass until it says that there is no more. */
export async function runToEnd<Summary extends IncrementalSummary | ReconcileSummary>(
  worker: MeasuredWorker,
  pass: Summary['pass'],
): Promise<Summary[]> {
  const summaries: Summary[] = [];
  do summaries.push(await runOnce<Summary>(worker, pass));
  while (summaries.at(-1)?.more);
  return summaries;
}

async function runOnce<Summary extends IncrementalSummary | ReconcileSummary>(
  { origin }: MeasuredWorker,
  pass: Summary['pass'],
): Promise<Summary> {
  const outcome: MirrorOutcome<Summary> = await post(`${origin}/measured/${pass}`);
  if (outcome.state !== 'done') throw new Error(`a run ended as ${JSON.stringify(outcome)}`);
  return outcome.summary;
}

/**
 * What the Worker's isolate holds at most while it works, in MB, its code included and D1 not, which is another one here: in a
 * run that copies as much as one may, in a pass over equal rows, and in one over rows of which each differs. Collects garbage
 * all the while, so nothing can be timed meanwhile.
 */
export async function liveMegabytes(
  worker: MeasuredWorker,
  client: pg.Client,
): Promise<Readonly<Record<string, number>>> {
  const memory = await IsolateMemory.of({ origin: worker.origin, tree: async () => [...worker.pids] });
  const peak = async (pass: 'incremental' | 'reconcile') =>
    Math.ceil((await memory.during(() => runOnce(worker, pass))).peak.live);
  try {
    const equal = await peak('reconcile');
    await client.query('update durable_object_instance set storage_bytes = -1');
    const different = await peak('reconcile');
    await client.query('truncate durable_object_instance, mirror_checkpoint');
    return {
      idle: Math.ceil(total(await memory.live())),
      equal,
      different,
      copied: await peak('incremental'),
    };
  } finally {
    memory.close();
  }
}

const total = ({ heap, buffers }: IsolateUse) => heap + buffers;

/** What an incremental pass reads of D1 that begins after a number. */
export async function readChanges(
  { origin }: MeasuredWorker,
  after: number,
): Promise<{ changes: number; rowsRead: number }> {
  return post(`${origin}/measured/changes?after=${after}`);
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Sends rows like those of fill-registry.ts, which are in memory, by the mirror's own statement in one transaction a batch.
 * @returns seconds, without the making of the rows
 */
export async function sendBatches(client: pg.Client, count: number, batchRows: number): Promise<number> {
  let seconds = 0;
  for (let made = 0; made < count; made += batchRows) {
    const rows = Array.from({ length: Math.min(batchRows, count - made) }, (_, index) => rowOf(made + index));
    seconds += await timed(() => upsertChanged(client, rows));
  }
  return seconds;
}

/** The same with one row a statement, each of which is its own transaction, as a request that writes a row does it. */
export async function sendOneByOne(client: pg.Client, count: number): Promise<number> {
  const rows = Array.from({ length: count }, (_, index) => rowOf(index));
  return timed(async () => {
    for (const row of rows) await overwriteRows(client, [row]);
  });
}

/** @returns seconds */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

function rowOf(index: number): ChangedRow {
  const doType = index % 3 === 0 ? 'workspace' : 'document';
  const userId = `crowd-${Math.floor(index / ROOMS_OF_A_USER)}`;
  const isMeasured = index % 10 !== 0;
  return {
    doName: buildDoName({ userId, doType, resourceName: `room ${index}` }),
    doId: (index * 2_654_435_761).toString(16).padStart(64, '0'),
    userId,
    doType,
    resourceName: `room ${index}`,
    storageBytes: isMeasured ? 4_096 * (1 + (index % 5_000)) : null,
    createdAt: 1_700_000_000_000 + index,
    lastAccessedAt: 1_700_000_000_000 + ((index * 7_919) % 100_000_000_000),
    storageMeasuredAt: isMeasured ? 1_700_000_000_000 + index : null,
    seq: index + 1,
  };
}

async function post<Result>(url: string, body = ''): Promise<Result> {
  const response = await fetch(url, { method: 'POST', body });
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}: ${await response.text()}`);
  return response.json();
}
