import { createHash } from 'node:crypto';
import { CLOSE_CODES } from '../refuse-upgrade.ts';
import type { Room } from './room.ts';
import { describeError, stackOf } from '../log-text.ts';

const FAILED = 'the room could not handle this message; connect again to send it again';

/**
 * Logs an exception that no code path expects. What was received is described by its size and hash, never by its content.
 * @param received what led to it; `null`: nothing that a client sent
 */
export function logFailure(
  event: string,
  doName: string | undefined,
  received: Uint8Array | null,
  error: unknown,
): void {
  console.error({
    event,
    doName,
    ...(received !== null && {
      bytes: received.byteLength,
      sha256: createHash('sha256').update(received).digest('hex'),
    }),
    error: describeError(error),
    stack: stackOf(error),
  });
}

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
