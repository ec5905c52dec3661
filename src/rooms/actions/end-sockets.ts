import type { Bindings } from '../../domain/env.ts';
import { callRoom } from './call-room.ts';
import type { SocketSelector } from '../contract/contract.ts';
import { parseDoName } from '../../domain/do-name.ts';

/**
 * Ends sockets of a room, open or hibernating.
 * @returns how many there were
 * @throws where the room cannot be reached
 */
export async function endSockets(env: Bindings, doName: string, of: SocketSelector): Promise<number> {
  return callRoom(env, parseDoName(doName), async (stub) => stub.endSockets(of));
}
