import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

// The y-websocket wire, written from the protocol's description (PROTOCOL.md of y-protocols) and not with a server's code.

const frame = (...parts: (number | Uint8Array)[]): Uint8Array =>
  encoding.encode((encoder) => {
    for (const part of parts) {
      if (typeof part === 'number') encoding.writeVarUint(encoder, part);
      else encoding.writeVarUint8Array(encoder, part);
    }
  });

/** Asks for everything that a client with this state vector lacks. */
export const step1 = (stateVector: Uint8Array): Uint8Array => frame(0, 0, stateVector);
/** The answer of a client that has nothing that the server lacks. */
export const EMPTY_STEP_2: Uint8Array = frame(0, 1, new Uint8Array([0, 0]));
export const isStep1 = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[1] === 0;

/** An edit; `update` is in the v1 encoding. */
export const updateFrame = (update: Uint8Array): Uint8Array => frame(0, 2, update);

/** One client's awareness; a `state` of `null` takes it back. */
export function awarenessFrame(clientId: number, clock: number, state: unknown): Uint8Array {
  const entries = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, JSON.stringify(state));
  });
  return frame(1, entries);
}

/** What a frame says: of a sync message its step and bytes, of an awareness message the ids of the clients it names. */
export type Message =
  | { readonly type: 'step1' | 'step2' | 'update'; readonly bytes: Uint8Array }
  | { readonly type: 'awareness'; readonly clientIds: readonly number[] }
  | { readonly type: 'other' };

const SYNC_STEPS = ['step1', 'step2', 'update'] as const;

/** @throws where the frame is cut short */
export function read(bytes: Uint8Array): Message {
  const decoder = decoding.createDecoder(bytes);
  const type = decoding.readVarUint(decoder);
  if (type === 0) {
    const step = SYNC_STEPS[decoding.readVarUint(decoder)];
    return step === undefined
      ? { type: 'other' }
      : { type: step, bytes: decoding.readVarUint8Array(decoder) };
  }
  if (type !== 1) return { type: 'other' };
  const entries = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  const clientIds: number[] = [];
  for (let left = decoding.readVarUint(entries); left > 0; left--) {
    clientIds.push(decoding.readVarUint(entries));
    decoding.readVarUint(entries);
    decoding.readVarString(entries);
  }
  return { type: 'awareness', clientIds };
}
