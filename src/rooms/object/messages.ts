import { CLOSE_CODES, type CloseCode } from '../../lib/refusals/refuse-upgrade.ts';
import type { MessageRate } from '../sync/message-rate.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { readFrame } from '../sync/protocol.ts';
import type { Room } from './room.ts';
import { CREDENTIAL_EXPIRED } from '../sync/sockets.ts';

const TEXT_MESSAGE = 'Text message. Send binary messages; only "ping" may be text.';

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
  room.sockets.recordHeard(socket, now);
  if (room.sockets.credentials.isExpired(socket, now)) {
    return room.sockets.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
  }
  if (typeof message === 'string') return room.refuse(socket, CLOSE_CODES.malformed, TEXT_MESSAGE);
  const { maxPayloadBytes, maxMessagesPerSecond } = room.limits;
  if (message.byteLength > maxPayloadBytes) {
    const reason = `Message over ${maxPayloadBytes} bytes. Send smaller updates.`;
    return room.refuse(socket, CLOSE_CODES.tooLarge, reason);
  }
  if (!rate.allows(socket, now)) {
    const reason = `Over ${maxMessagesPerSecond} messages per second. Send fewer.`;
    return room.refuse(socket, CLOSE_CODES.tooFast, reason);
  }
  const refusal = handleMessage(room, socket, new Uint8Array(message), now);
  if (refusal !== null) return room.refuse(socket, refusal.code, refusal.reason);
  if (room.sockets.has(socket)) room.sockets.sendHeldBack(socket, now);
}

interface Refusal {
  readonly code: CloseCode;
  readonly reason: string;
}

/** @returns why the socket must be closed; `null`: it stays open */
function handleMessage(room: Room, socket: WebSocket, bytes: Uint8Array, now: number): Refusal | null {
  const frame = readFrame(bytes);
  const isObserver = room.sockets.credentials.isObserver(socket);
  // Every other message finds waiting edits stored.
  if (frame.kind !== 'update') room.edits.settle();
  switch (frame.kind) {
    case 'step1':
      if (room.state.hasFormerContent(frame)) return ROOM_REFUSALS.former;
      room.sockets.outbox.reply(socket, frame.stateVector);
      break;
    case 'update':
      if (frame.isAnswer) room.sockets.outbox.recordStep2(socket);
      // Edits of an observer are ignored; the socket stays open.
      if (isObserver) break;
      if (room.state.hasFormerContent(frame)) return ROOM_REFUSALS.former;
      return room.edits.storeInBatch(frame.update, socket, now) ? null : getFullRefusal(room);
    case 'awareness':
      // Clients echo the awareness of others; an observer has none of its own.
      if (!isObserver) room.sockets.receiveAwareness(socket, frame.awareness, now);
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
      return isObserver ? null : { code: CLOSE_CODES.tooLarge, reason: frame.reason };
    case 'too-large':
      return { code: CLOSE_CODES.tooLarge, reason: frame.reason };
    case 'malformed':
      return { code: CLOSE_CODES.malformed, reason: frame.reason };
  }
  return null;
}

/** Only documents keep deleted content, so the advice differs. */
function getFullRefusal({ keepsVersions }: Room): Refusal {
  const { code, reason } = ROOM_REFUSALS.full;
  return { code, reason: reason({ doType: keepsVersions ? 'document' : 'workspace' }) };
}
