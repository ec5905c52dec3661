import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { type SyncFailure, failure, readFailure } from './outcome.ts';

/** The largest body, 32 MiB, takes this long at 2 Mbit/s. */
const CALL_TIMEOUT_MS = 135_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

interface SyncRequest {
  readonly url: string;
  readonly fetch: Fetch;
  readonly token: string;
  /** Names the content that the client has, deletions included. */
  readonly etag: string | null;
  /** The only incarnation of the room that may answer; `null` for any. */
  readonly incarnation: string | null;
  readonly stateVector: Uint8Array;
  /** Empty if there is nothing to send. */
  readonly update: Uint8Array;
}

interface SyncResponse {
  readonly etag: string;
  /** The room's incarnation. */
  readonly incarnation: string;
  /** The room's state vector; `null` if it is too long for a header. */
  readonly vector: Uint8Array | null;
  /** An update; `null` if there is nothing new. */
  readonly diff: Uint8Array | null;
}

/** One HTTP sync as docs/reference/http.md has it. A `SyncResponse` means that the update is stored. Never rejects. */
export async function postSync(request: SyncRequest): Promise<SyncResponse | SyncFailure> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${request.token}`,
    'content-type': 'application/octet-stream',
    ...(request.etag !== null && { 'if-none-match': request.etag }),
    ...(request.incarnation !== null && { 'room-incarnation': request.incarnation }),
  };
  try {
    const response = await request.fetch(request.url, {
      method: 'POST',
      headers,
      body: encodeBody(request),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (response.status !== 200 && response.status !== 204) {
      const failed = await readFailure(response);
      const isAbsent = failed.kind === 'not-found' && request.incarnation !== null;
      return isAbsent ? { ...failed, kind: 'absent' } : failed;
    }
    return await readSyncResponse(response);
  } catch (error) {
    return failure('unreachable', `The server did not answer: ${String(error)}`);
  }
}

/** Only a room's response acknowledges an upload. A captive portal answers 200 too. */
async function readSyncResponse(response: Response): Promise<SyncResponse | SyncFailure> {
  const { status, headers } = response;
  const etag = headers.get('etag');
  const incarnation = headers.get('room-incarnation');
  const isUpdate = headers.get('content-type') === 'application/octet-stream';
  if (etag === null || incarnation === null || (status === 200 && !isUpdate))
    return failure('unexpected', `The response (${status}) is not from a room.`, status);
  const diff = status === 200 ? new Uint8Array(await response.arrayBuffer()) : null;
  return { etag, incarnation, vector: readVector(headers.get('yjs-state-vector')), diff };
}

/** @throws if the header is not a state vector */
function readVector(header: string | null): Uint8Array | null {
  if (header === null) return null;
  // Outside browsers, lib0's decoder needs Node's Buffer.
  const bytes = atob(header.replaceAll('-', '+').replaceAll('_', '/'));
  const vector = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  Y.decodeStateVector(vector);
  return vector;
}

/** `body = varUint8Array(stateVector) varUint8Array(update)` */
function encodeBody({ stateVector, update }: SyncRequest): Uint8Array<ArrayBuffer> {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, stateVector);
    encoding.writeVarUint8Array(encoder, update);
  });
}
