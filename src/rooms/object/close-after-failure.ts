import { CLOSE_CODES } from '../../lib/refusals/refuse-upgrade.ts';
import type { Room } from './room.ts';
import { logFailure } from './log-failure.ts';

const FAILED = 'The room could not handle this message. Connect again to send it again.';

/** Closes a socket after an unexpected exception, so that its client does not take the message for handled and retries. */
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
