import type { CompactResult, RoomRefusal } from '../contract/contract.ts';
import type { Room } from './room.ts';

/**
 * Compacts a room on request. Does nothing without new updates, or while a client is being sent the content.
 */
export async function compactNow(
  room: Room,
  incarnation: string | null,
): Promise<CompactResult | RoomRefusal> {
  const { state } = room;
  const now = room.beginCallOrRefuse(incarnation);
  if (typeof now !== 'number') return now;
  const bytesBefore = state.storageBytes;
  const done = (outcome: CompactResult['outcome']): CompactResult => ({
    ...room.createResult(now),
    outcome,
    bytesBefore,
  });
  if (!state.hasUncompactedUpdates) return done('nothing to gain');
  if (state.content.isBeingRead(Date.now())) return done('being read');
  await state.recordCompactionStart();
  // The room may have been deleted meanwhile.
  if (state.status !== 'live') return { kind: 'deleted' };
  if (!state.compact()) return done('nothing to gain');
  room.reports.compacted(Date.now());
  return done('compacted');
}
