import { eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { mirrorCheckpoint } from './schema.ts';

/** The registry's name in `mirror_checkpoint` and `mirror_status`. */
export const REGISTRY_SOURCE = 'registry';

/**
 * Locks the checkpoint until the transaction ends and gives its number, 0 where there was none. An overlapping run
 * waits here, so that each page is read by one run, after the checkpoint that it continues. The lock also keeps
 * Hyperdrive from answering out of its cache.
 */
export async function lockCheckpoint(postgres: NodePgDatabase): Promise<number> {
  const locked = await selectForUpdate(postgres);
  if (locked !== undefined) return locked;
  // Two first runs may both come here: one inserts, the other waits for it, and both then select.
  await postgres
    .insert(mirrorCheckpoint)
    .values({ source: REGISTRY_SOURCE, seq: 0, updatedAt: sql`now()` })
    .onConflictDoNothing();
  const inserted = await selectForUpdate(postgres);
  if (inserted === undefined) throw new Error('the checkpoint was deleted while it was being made');
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
