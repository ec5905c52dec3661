import { CLOSE_CODES } from '../../lib/refuse-upgrade.ts';
import type { MessageRate } from '../sync/message-rate.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { readFrame } from '../sync/protocol.ts';
import type { Room } from './room.ts';
import { CREDENTIAL_EXPIRED } from '../sync/sockets.ts';

/** What a room does with a message of a socket. Undecodable bytes change nothing and close the socket. */
export function receiveMessage(
  room: Room,
  rate: MessageRate<WebSocket>,
  socket: WebSocket,
  message: string | ArrayBuffer,
): void {
  // What still comes over a socket that was closed from this side counts for nothing.
  if (!room.sockets.has(socket)) return;
  const now = room.noteUse();
  room.sockets.heard(socket, now);
  if (room.sockets.isExpired(socket, now)) {
    return room.sockets.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
  }
  if (typeof message === 'string') {
    return room.refuse(socket, CLOSE_CODES.malformed, 'text frame: only "ping" may be text');
  }
  const { maxPayloadBytes, maxMessagesPerSecond } = room.limits;
  if (message.byteLength > maxPayloadBytes) {
    return room.refuse(socket, CLOSE_CODES.tooLarge, `frame over ${maxPayloadBytes} bytes`);
  }
  if (!rate.allows(socket, now)) {
    return room.refuse(socket, CLOSE_CODES.tooFast, `over ${maxMessagesPerSecond} frames a second`);
  }
  const bytes = new Uint8Array(message);
  const frame = readFrame(bytes);
  // What follows an edit sees it stored.
  if (frame.kind !== 'update') room.edits.settle();
  switch (frame.kind) {
    case 'step1':
      if (room.state.hasFormerContent(frame)) return closeFormer(room, socket);
      room.sockets.outbox.answer(socket, frame.stateVector);
      break;
    case 'update':
      if (frame.isAnswer) room.sockets.outbox.proved(socket);
      // The edits of an observer are ignored, and it keeps reading.
      if (room.sockets.watches(socket)) break;
      if (room.state.hasFormerContent(frame)) return closeFormer(room, socket);
      if (!room.edits.storeWithOthers(frame.update, socket, now)) {
        const { code, reason } = ROOM_REFUSALS.full;
        return room.refuse(socket, code, reason);
      }
      break;
    case 'awareness':
      // Clients send back what they hear of others; a watcher has nothing to say for himself.
      if (room.sockets.watches(socket)) break;
      room.sockets.receiveAwareness(socket, frame.awareness, now);
      break;
    case 'query-awareness':
      room.sockets.sendAwareness(socket);
      break;
    case 'sync-status':
      // A room that cannot answer a step 1 acknowledges nothing.
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
