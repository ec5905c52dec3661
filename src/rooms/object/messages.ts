import { CLOSE_CODES } from '../../lib/refuse-upgrade.ts';
import type { MessageRate } from '../sync/message-rate.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { readFrame } from '../sync/protocol.ts';
import type { Room } from './room.ts';
import { CREDENTIAL_EXPIRED } from '../sync/sockets.ts';

/** Handles a message of a socket. Malformed messages change nothing and close the socket. */
export function receiveMessage(
  room: Room,
  rate: MessageRate<WebSocket>,
  socket: WebSocket,
  message: string | ArrayBuffer,
): void {
  // Ignores messages that arrive after the room has closed the socket.
  if (!room.sockets.has(socket)) return;
  const now = room.noteUse();
  room.sockets.heard(socket, now);
  if (room.sockets.isExpired(socket, now)) {
    return room.sockets.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
  }
  if (typeof message === 'string') {
    return room.refuse(
      socket,
      CLOSE_CODES.malformed,
      'Text message. Send binary messages; only "ping" may be text.',
    );
  }
  const { maxPayloadBytes, maxMessagesPerSecond } = room.limits;
  if (message.byteLength > maxPayloadBytes) {
    return room.refuse(
      socket,
      CLOSE_CODES.tooLarge,
      `Message over ${maxPayloadBytes} bytes. Send smaller updates.`,
    );
  }
  if (!rate.allows(socket, now)) {
    return room.refuse(
      socket,
      CLOSE_CODES.tooFast,
      `Over ${maxMessagesPerSecond} messages per second. Send fewer.`,
    );
  }
  const bytes = new Uint8Array(message);
  const frame = readFrame(bytes);
  // Every other message finds waiting edits stored.
  if (frame.kind !== 'update') room.edits.settle();
  switch (frame.kind) {
    case 'step1':
      if (room.state.hasFormerContent(frame)) return closeFormer(room, socket);
      room.sockets.outbox.answer(socket, frame.stateVector);
      break;
    case 'update':
      if (frame.isAnswer) room.sockets.outbox.proved(socket);
      // Edits of an observer are ignored; the socket stays open.
      if (room.sockets.watches(socket)) break;
      if (room.state.hasFormerContent(frame)) return closeFormer(room, socket);
      if (!room.edits.storeWithOthers(frame.update, socket, now)) {
        const { code, reason } = ROOM_REFUSALS.full;
        return room.refuse(socket, code, reason);
      }
      break;
    case 'awareness':
      // Clients echo the awareness of others; an observer has none of its own.
      if (room.sockets.watches(socket)) break;
      room.sockets.receiveAwareness(socket, frame.awareness, now);
      break;
    case 'query-awareness':
      room.sockets.sendAwareness(socket);
      break;
    case 'sync-status':
      // A room with an unreadable log must not acknowledge anything.
      room.state.content.assertReadable();
      room.sockets.send(socket, bytes);
      break;
    case 'too-large-edit':
      if (room.sockets.watches(socket)) break;
      return room.refuse(socket, CLOSE_CODES.tooLarge, frame.reason);
    case 'too-large':
      return room.refuse(socket, CLOSE_CODES.tooLarge, frame.reason);
    case 'malformed':
      return room.refuse(socket, CLOSE_CODES.malformed, frame.reason);
  }
  if (room.sockets.has(socket)) room.sockets.sendHeldBack(socket, now);
}

function closeFormer(room: Room, socket: WebSocket): void {
  const { code, reason } = ROOM_REFUSALS.former;
  room.refuse(socket, code, reason);
}
