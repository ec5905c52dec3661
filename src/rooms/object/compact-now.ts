import type { CompactResult, RoomRefusal } from '../contract/contract.ts';
import type { Room } from './room.ts';

/**
 * Compacts a room because its owner asks for it: as the room itself does, and as carefully. Nothing is done where nothing
 * came since the last time, and nothing is taken from under who is reading it.
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
  // Others may have been here meanwhile.
  if (state.status !== 'live') return { kind: 'deleted' };
  if (!state.compact()) return done('nothing to gain');
  room.reports.compacted(Date.now());
  return done('compacted');
}
