import { readOldestEndedAt } from '../auth/sessions/ended-sessions.ts';
import type { Bindings } from '../domain/env.ts';
import { readOldestUnfinishedAt } from '../erasure/trail.ts';
import type { MirrorOutcome } from '../mirror/passes/run.ts';
import { MAX_CLOCK_DIFFERENCE_MS } from '../registry/intervals.ts';
import { endedHistoryStatement, pruneHistory } from '../registry/prune/prune-history.ts';
import {
  prunableStatement,
  MIRRORED_TOMBSTONE_KEPT_MS,
  type Prunable,
  MAX_TOMBSTONES_PER_RUN,
  pruneTombstones,
  UNMIRRORED_TOMBSTONE_KEPT_MS,
} from '../registry/prune/prune-tombstones.ts';
import { describeError } from '../lib/log-text.ts';

/**
 * Deletes tombstones, and the history of deleted users, that no reader needs any more. Logs one record for each kind. Never
 * rejects.
 * @param outcome of the mirror's run before: without a confirmation from Postgres nothing is deleted
 * @param now Unix milliseconds
 */
export async function pruneRegistry(
  env: Bindings,
  outcome: MirrorOutcome,
  now: number = Date.now(),
): Promise<void> {
  if (outcome.state === 'failed') return;
  const mirroredThrough = outcome.state === 'done' ? outcome.summary.toSeq : null;
  const keptMs = mirroredThrough === null ? UNMIRRORED_TOMBSTONE_KEPT_MS : MIRRORED_TOMBSTONE_KEPT_MS;
  const old: Prunable = { mirroredThrough, deletedBefore: now - keptMs };
  let event = 'tombstones_pruned';
  try {
    const [tombstones, histories] = await env.DB.batch([
      prunableStatement(env.DB, old),
      endedHistoryStatement(env.DB, old),
    ]);
    // Most runs find neither.
    if ((tombstones?.results.length ?? 0) > 0) {
      const deletedBefore = Math.min(old.deletedBefore, await readNeededSince(env.DB));
      const pruned = await pruneTombstones(
        env.DB,
        { mirroredThrough, deletedBefore },
        MAX_TOMBSTONES_PER_RUN,
      );
      if (pruned > 0) console.info({ event, ok: true, pruned });
    }
    event = 'history_pruned';
    if ((histories?.results.length ?? 0) === 0) return;
    const pruned = await pruneHistory(env.DB, old);
    if (pruned > 0) console.info({ event, ok: true, pruned });
  } catch (error) {
    console.error({ event, ok: false, error: describeError(error) });
  }
}

/**
 * Unfinished erasures and the pass over ended sessions find rooms without rows by their tombstones. So tombstones stay that are
 * younger than the oldest of these.
 */
async function readNeededSince(db: D1Database): Promise<number> {
  const startedAt = await Promise.all([readOldestUnfinishedAt(db), readOldestEndedAt(db)]);
  return Math.min(...startedAt.map((at) => (at ?? Infinity) - MAX_CLOCK_DIFFERENCE_MS));
}
