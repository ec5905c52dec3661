import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { AwarenessEntry, ReceivedAwareness, ReceivedEntry } from './awareness/present-clients.ts';
import { MalformedInput, readVarUint, readVarUint8Array } from '../../yjs/decode.ts';
import { MAX_STATE_VECTOR_BYTES } from '../limits/room-limits.ts';
import { MAX_AWARENESS_ENTRIES } from '../limits/socket-limits.ts';
import { MAX_RANGES_PER_UPDATE, MAX_STRUCT_RANGES_PER_UPDATE } from '../../yjs/limits.ts';
import { type CheckedUpdate, checkUpdate } from '../../yjs/read-update.ts';
import { isStateVector } from '../../yjs/updates.ts';
import type { Content } from '../../yjs/structs/write-content.ts';

/**
 * The y-websocket wire: `message = varUint(type) payload`. Sources: y-websocket 3.1 `src/y-websocket.js` for the types,
 * y-protocols `PROTOCOL.md` for what sync and awareness carry.
 */
const MESSAGE = {
  sync: 0,
  awareness: 1,
  queryAwareness: 3,
  /** An extension: echoed once everything received before is stored. */
  syncStatus: 100,
} as const;

const SYNC = { step1: 0, step2: 1, update: 2 } as const;

/** A received message, or why it was refused. Byte arrays are views of the message. */
export type Frame =
  | { readonly kind: 'step1'; readonly stateVector: Uint8Array }
  | { readonly kind: 'update'; readonly update: CheckedUpdate; readonly isAnswer: boolean }
  | { readonly kind: 'awareness'; readonly awareness: ReceivedAwareness }
  | { readonly kind: 'query-awareness' }
  | { readonly kind: 'sync-status' }
  | { readonly kind: 'too-large' | 'too-large-edit' | 'malformed'; readonly reason: string };

const malformed = (reason: string): Frame => ({ kind: 'malformed', reason });

/**
 * Reads and validates one whole message.
 * @throws if the reader has a bug
 */
export function readFrame(message: Uint8Array): Frame {
  const decoder = decoding.createDecoder(message);
  try {
    const type = readVarUint(decoder);
    switch (type) {
      case MESSAGE.sync:
        return whole(decoder, readSync(decoder));
      case MESSAGE.awareness:
        return whole(decoder, readAwareness(readVarUint8Array(decoder)));
      case MESSAGE.queryAwareness:
        return whole(decoder, { kind: 'query-awareness' });
      case MESSAGE.syncStatus:
        return { kind: 'sync-status' };
      default:
        return malformed(`The message type ${type} is unknown.`);
    }
  } catch (error) {
    if (error instanceof MalformedInput) return malformed('The frame is truncated or cannot be decoded.');
    throw error;
  }
}

function whole(decoder: decoding.Decoder, frame: Frame): Frame {
  if (frame.kind === 'too-large' || frame.kind === 'too-large-edit') return frame;
  return decoding.hasContent(decoder) ? malformed('The message has bytes after its end.') : frame;
}

function readSync(decoder: decoding.Decoder): Frame {
  const step = readVarUint(decoder);
  switch (step) {
    case SYNC.step1: {
      const stateVector = readVarUint8Array(decoder);
      // Checked first, because decoding takes a multiple of its bytes.
      if (stateVector.byteLength > MAX_STATE_VECTOR_BYTES) {
        return {
          kind: 'too-large',
          reason: `A state vector may have at most ${MAX_STATE_VECTOR_BYTES} bytes.`,
        };
      }
      return isStateVector(stateVector)
        ? { kind: 'step1', stateVector }
        : malformed('The state vector is malformed.');
    }
    // A step 2 contains what the room lacks. It is handled like an update.
    case SYNC.step2:
    case SYNC.update: {
      const update = checkUpdate(readVarUint8Array(decoder));
      if (update === 'too large') {
        return {
          kind: 'too-large-edit',
          reason: `An update may have at most ${MAX_STRUCT_RANGES_PER_UPDATE} struct ranges and ${MAX_RANGES_PER_UPDATE} struct and delete ranges.`,
        };
      }
      return update === 'malformed'
        ? malformed('The update is not a Yjs update (v1).')
        : { kind: 'update', update, isAnswer: step === SYNC.step2 };
    }
    default:
      return malformed(`The sync message type ${step} is unknown.`);
  }
}

/**
 * `awareness = varUint(count) (varUint(clientId) varUint(clock) varString(JSON))*`. The JSON is not decoded, because most entries
 * are echoes. A message over the limit is dropped: if the socket were closed, the client would send it again.
 */
function readAwareness(payload: Uint8Array): Frame {
  const decoder = decoding.createDecoder(payload);
  const entries: ReceivedEntry[] = [];
  const awareness = { payload, entries };
  const count = readVarUint(decoder);
  if (count > MAX_AWARENESS_ENTRIES) return { kind: 'awareness', awareness };
  for (let index = 0; index < count; index++) {
    const clientId = readVarUint(decoder);
    const clock = readVarUint(decoder);
    const length = readVarUint(decoder);
    const start = decoder.pos;
    const end = start + length;
    if (end > payload.byteLength) throw new MalformedInput('an awareness state is truncated');
    decoder.pos = end;
    entries.push({ clientId, clock, start, end });
  }
  return whole(decoder, { kind: 'awareness', awareness });
}

const message = (write: (encoder: encoding.Encoder) => void): Uint8Array => encoding.encode(write);

export function writeStep1(stateVector: Uint8Array): Uint8Array {
  return message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.sync);
    encoding.writeVarUint(encoder, SYNC.step1);
    encoding.writeVarUint8Array(encoder, stateVector);
  });
}

/** Writes content that a client lacks: `step2` for the last part, `update` for the parts before. */
export function writeContent(step: 'step2' | 'update', content: Content): Uint8Array {
  const head = message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.sync);
    encoding.writeVarUint(encoder, SYNC[step]);
    encoding.writeVarUint(encoder, content.byteLength);
  });
  const frame = new Uint8Array(head.byteLength + content.byteLength);
  frame.set(head);
  let at = head.byteLength;
  for (const chunk of content.chunks()) {
    frame.set(chunk, at);
    at += chunk.byteLength;
  }
  return frame;
}

export function writeUpdate(update: Uint8Array): Uint8Array {
  return message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.sync);
    encoding.writeVarUint(encoder, SYNC.update);
    encoding.writeVarUint8Array(encoder, update);
  });
}

const NULL_JSON = new TextEncoder().encode('null');

export function writeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  return message((encoder) => {
    encoding.writeVarUint(encoder, MESSAGE.awareness);
    encoding.writeVarUint8Array(
      encoder,
      message((payload) => {
        encoding.writeVarUint(payload, entries.length);
        for (const { clientId, clock, state } of entries) {
          encoding.writeVarUint(payload, clientId);
          encoding.writeVarUint(payload, clock);
          encoding.writeVarUint8Array(payload, state ?? NULL_JSON);
        }
      }),
    );
  });
}
