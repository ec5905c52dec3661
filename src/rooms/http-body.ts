import * as decoding from 'lib0/decoding';
import { readBoundedBody } from '../bounded-body.ts';
import { MAX_BODY_BYTES, MAX_PAYLOAD_BYTES, MAX_STATE_VECTOR_BYTES } from './limits.ts';
import { EMPTY_STATE_VECTOR, EMPTY_UPDATE } from './updates.ts';

/** What a client sends: `body = varUint8Array(stateVector) varUint8Array(update)`; an empty update says nothing. */
type SyncBody =
  | { readonly ok: true; readonly stateVector: Uint8Array; readonly update: Uint8Array }
  | { readonly ok: false; readonly status: 400 | 413; readonly detail: string };

const refused = (status: 400 | 413, detail: string): SyncBody => ({ ok: false, status, detail });

const TOO_LARGE = `The body is over ${MAX_BODY_BYTES} bytes; send the update in smaller parts.`;

/** Takes a sync body apart, never holding more than its bound. What the parts say is for the room to check. */
export async function readSyncBody(request: Request): Promise<SyncBody> {
  const bytes = await readBoundedBody(request, MAX_BODY_BYTES);
  return bytes === null ? refused(413, TOO_LARGE) : parseSyncBody(bytes);
}

function parseSyncBody(bytes: Uint8Array): SyncBody {
  let stateVector: Uint8Array;
  let update: Uint8Array;
  try {
    const decoder = decoding.createDecoder(bytes);
    stateVector = decoding.readVarUint8Array(decoder);
    update = decoding.readVarUint8Array(decoder);
    if (decoding.hasContent(decoder)) return refused(400, 'There are bytes after the update.');
  } catch {
    return refused(
      400,
      'The body is not two length-prefixed byte arrays (lib0 writeVarUint8Array): the state vector, then the update.',
    );
  }
  if (stateVector.byteLength > MAX_STATE_VECTOR_BYTES || update.byteLength > MAX_PAYLOAD_BYTES) {
    return refused(413, TOO_LARGE);
  }
  // An empty array is how a client says that it has nothing, or has nothing to say.
  if (stateVector.byteLength === 0) stateVector = EMPTY_STATE_VECTOR;
  if (update.byteLength === 0) update = EMPTY_UPDATE;
  return { ok: true, stateVector, update };
}
