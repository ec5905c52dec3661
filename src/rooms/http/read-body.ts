import * as decoding from 'lib0/decoding';
import { readBoundedBody } from '../../lib/bounded-body.ts';
import { MalformedInput, readVarUint8Array } from '../../yjs/decode.ts';
import { MAX_BODY_OVERHEAD_BYTES, MAX_BODY_BYTES, MAX_STATE_VECTOR_BYTES } from '../limits/room-limits.ts';
import { EMPTY_STATE_VECTOR, EMPTY_UPDATE } from '../../yjs/updates.ts';

/** `body = varUint8Array(stateVector) varUint8Array(update)`. Both may be empty. */
type SyncBody =
  | { readonly ok: true; readonly stateVector: Uint8Array; readonly update: Uint8Array }
  | { readonly ok: false; readonly status: 400 | 413; readonly detail: string };

const refused = (status: 400 | 413, detail: string): SyncBody => ({ ok: false, status, detail });

const tooLarge = (maxPayloadBytes: number) =>
  refused(
    413,
    `An update may have at most ${maxPayloadBytes} bytes, a state vector ${MAX_STATE_VECTOR_BYTES}, and a body ${MAX_BODY_BYTES}. Send the update in smaller parts.`,
  );

type UpdateBody =
  | { readonly ok: true; /** `null` without a body. */ readonly update: Uint8Array | null }
  | Extract<SyncBody, { ok: false }>;

/** Reads the body of a `PUT`: an update or nothing. The room checks the update. */
export async function readUpdateBody(request: Request, maxPayloadBytes: number): Promise<UpdateBody> {
  const bytes = await readBoundedBody(request, maxPayloadBytes);
  if (bytes === null) {
    return {
      ok: false,
      status: 413,
      detail: `An update may have at most ${maxPayloadBytes} bytes. PUT the room without a body, then POST the update in smaller parts.`,
    };
  }
  return { ok: true, update: bytes.byteLength === 0 ? null : bytes };
}

/** Reads a sync body, within its limits. The room checks the two parts. */
export async function readSyncBody(request: Request, maxPayloadBytes: number): Promise<SyncBody> {
  const bytes = await readBoundedBody(
    request,
    Math.min(maxPayloadBytes + MAX_BODY_OVERHEAD_BYTES, MAX_BODY_BYTES),
  );
  return bytes === null ? tooLarge(maxPayloadBytes) : parseSyncBody(bytes, maxPayloadBytes);
}

function parseSyncBody(bytes: Uint8Array, maxPayloadBytes: number): SyncBody {
  let stateVector: Uint8Array;
  let update: Uint8Array;
  try {
    const decoder = decoding.createDecoder(bytes);
    stateVector = readVarUint8Array(decoder);
    update = readVarUint8Array(decoder);
    if (decoding.hasContent(decoder))
      return refused(400, 'The body has bytes after the update. Send only the state vector and the update.');
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error;
    return refused(
      400,
      'The body is not two length-prefixed byte arrays (lib0 writeVarUint8Array): the state vector, then the update.',
    );
  }
  if (update.byteLength > maxPayloadBytes) return tooLarge(maxPayloadBytes);
  if (stateVector.byteLength > MAX_STATE_VECTOR_BYTES) {
    return refused(
      413,
      `A state vector may have at most ${MAX_STATE_VECTOR_BYTES} bytes: the document has too many client ids. Copy its content into a new room.`,
    );
  }
  // Clients may send an empty array instead of an empty state vector or update.
  if (stateVector.byteLength === 0) stateVector = EMPTY_STATE_VECTOR;
  if (update.byteLength === 0) update = EMPTY_UPDATE;
  return { ok: true, stateVector, update };
}
