import type { RoomRef } from '../../dashboard/room/deps.ts';
import { createRoomAddress, type RoomAddress } from '../../domain/room-address.ts';

/** @throws for a name that no room can have: routes ask for its flaw first */
export function addressOf(userId: string, { doType, resourceName }: RoomRef): RoomAddress {
  const addressed = createRoomAddress(userId, doType, encodeURIComponent(resourceName));
  if (!addressed.ok) throw new Error(addressed.detail);
  return addressed.address;
}
