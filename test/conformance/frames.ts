import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

// The y-websocket protocol, implemented from PROTOCOL.md of y-protocols, independent of any server's code.

const createFrame = (...parts: (number | Uint8Array)[]): Uint8Array =>
  encoding.encode((encoder) => {
    for (const part of parts) {
      if (typeof part === 'number') encoding.writeVarUint(encoder, part);
      else encoding.writeVarUint8Array(encoder, part);
    }
  });

/** Requests the difference to this state vector. */
export const createStep1 = (stateVector: Uint8Array): Uint8Array => createFrame(0, 0, stateVector);
/** The step 2 of a client that has no other edits than the server. */
export const EMPTY_STEP_2: Uint8Array = createFrame(0, 1, new Uint8Array([0, 0]));
export const isStep1 = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[1] === 0;

/** @param update v1 */
export const createUpdateFrame = (update: Uint8Array): Uint8Array => createFrame(0, 2, update);

/** @param state `null` removes the client's awareness */
export function createAwarenessFrame(clientId: number, clock: number, state: unknown): Uint8Array {
  const entries = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, JSON.stringify(state));
  });
  return createFrame(1, entries);
}

export type Message =
  | { readonly type: 'step1' | 'step2' | 'update'; readonly bytes: Uint8Array }
  | { readonly type: 'awareness'; readonly clientIds: readonly number[] }
  | { readonly type: 'other' };

const SYNC_STEPS = ['step1', 'step2', 'update'] as const;

/** @throws if the frame is truncated */
export function readMessage(bytes: Uint8Array): Message {
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
