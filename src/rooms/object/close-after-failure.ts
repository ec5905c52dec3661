import { CLOSE_CODES } from '../../lib/refuse-upgrade.ts';
import type { Room } from './room.ts';
import { logFailure } from './log-failure.ts';

const FAILED = 'the room could not handle this message; connect again to send it again';

/** A message met an exception that says nothing about the message: its sender must not take it for handled, and may try again. */
export function closeAfterFailure(
  room: Room,
  socket: WebSocket,
  message: string | ArrayBuffer,
  error: unknown,
): void {
  const received = typeof message === 'string' ? null : new Uint8Array(message);
  logFailure('message_failed', room.name, received, error);
  try {
    room.refuse(socket, CLOSE_CODES.tryAgainLater, FAILED);
  } catch (closing) {
    logFailure('socket_leave_failed', room.name, null, closing);
    socket.close(CLOSE_CODES.tryAgainLater, FAILED);
  }
}
