import type { Bindings } from '../../domain/env.ts';
import { RoomFailure, callRoom, getObjectId } from './call-room.ts';
import { parseDoName, replaceDoNamesInText } from '../../domain/do-name.ts';

/**
 * Ends a room's sockets as signed out and removes its content, because its owner's account is erased. Idempotent.
 * @returns the `createdAt` of the incarnation that is gone; `null` where the object never held anything
 * @throws where the room cannot be reached
 */
export async function eraseRoom(env: Bindings, doName: string): Promise<number | null> {
  const removed = await callRoom(env, parseDoName(doName), async (stub) => stub.erase());
  return removed.kind === 'removed' ? removed.createdAt : null;
}

/** Whether a room was not erased because it fails itself, as one does whose file cannot be opened. */
export const isRoomFailure = (error: unknown): boolean => error instanceof RoomFailure;

/** A text with rooms' names replaced by the ids of their objects. */
export function replaceDoNames(env: Bindings, text: string): string {
  return replaceDoNamesInText(text, (doName) => getObjectId(env, parseDoName(doName)));
}
