import { eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { mirrorCheckpoint } from './schema.ts';

/** The registry's name in `mirror_checkpoint` and `mirror_status`. */
export const REGISTRY_SOURCE = 'registry';

/**
 * Locks the checkpoint until the end of the transaction and returns its number, initially 0. Overlapping runs wait here, so
 * that each run reads its page after the previous run has committed. The lock also prevents a cached answer of Hyperdrive.
 */
export async function lockCheckpoint(postgres: NodePgDatabase): Promise<number> {
  const locked = await selectForUpdate(postgres);
  if (locked !== undefined) return locked;
  // If two first runs are here, one inserts, the other waits for it, and both select the row.
  await postgres
    .insert(mirrorCheckpoint)
    .values({ source: REGISTRY_SOURCE, seq: 0, updatedAt: sql`now()` })
    .onConflictDoNothing();
  const inserted = await selectForUpdate(postgres);
  if (inserted === undefined) throw new Error('the checkpoint was deleted while it was being created');
  return inserted;
}

/** Moves the locked checkpoint, in the transaction of the rows that it covers. */
export async function moveCheckpoint(postgres: NodePgDatabase, seq: number): Promise<void> {
  await postgres
    .update(mirrorCheckpoint)
    .set({ seq, updatedAt: sql`now()` })
    .where(eq(mirrorCheckpoint.source, REGISTRY_SOURCE));
}

async function selectForUpdate(postgres: NodePgDatabase): Promise<number | undefined> {
  const [found] = await postgres
    .select({ seq: mirrorCheckpoint.seq })
    .from(mirrorCheckpoint)
    .where(eq(mirrorCheckpoint.source, REGISTRY_SOURCE))
    .for('update');
  return found?.seq;
}
