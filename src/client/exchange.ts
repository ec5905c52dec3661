import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { type SyncFailure, failure, readFailure } from './outcome.ts';

/** A call without an answer ends after this, in milliseconds; 32 MiB, the largest body, take that long at 2 Mbit/s. */
const CALL_TIMEOUT_MS = 135_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

interface Question {
  readonly url: string;
  readonly fetch: Fetch;
  readonly token: string;
  /** Names the content of which the client has everything. */
  readonly etag: string | null;
  /** The incarnation of the room that the client knows, the only one to answer; `null` where it knows none. */
  readonly incarnation: string | null;
  readonly stateVector: Uint8Array;
  /** Empty where there is nothing to say. */
  readonly update: Uint8Array;
}

interface Answer {
  readonly etag: string;
  /** The incarnation of the room that answered. */
  readonly incarnation: string;
  /** What the room has now; `null` where that is too long for a header. */
  readonly vector: Uint8Array | null;
  /** An update; `null` where there is nothing new. */
  readonly diff: Uint8Array | null;
}

/** One HTTP sync as docs/reference/http.md has it. An `Answer` means that the update is stored. Never rejects. */
export async function postSync(question: Question): Promise<Answer | SyncFailure> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${question.token}`,
    'content-type': 'application/octet-stream',
    ...(question.etag !== null && { 'if-none-match': question.etag }),
    ...(question.incarnation !== null && { 'room-incarnation': question.incarnation }),
  };
  try {
    const response = await question.fetch(question.url, {
      method: 'POST',
      headers,
      body: syncBody(question),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (response.status !== 200 && response.status !== 204) {
      const failed = await readFailure(response);
      const isAbsent = failed.kind === 'not-found' && question.incarnation !== null;
      return isAbsent ? { ...failed, kind: 'absent' } : failed;
    }
    return await readAnswer(response);
  } catch (error) {
    return failure('unreachable', `No answer could be read: ${String(error)}`);
  }
}

/** Only a room's own answer acknowledges an upload; others answer 200 too, such as the page of a hotel's Wi-Fi. */
async function readAnswer(response: Response): Promise<Answer | SyncFailure> {
  const { status, headers } = response;
  const etag = headers.get('etag');
  const incarnation = headers.get('room-incarnation');
  const isUpdate = headers.get('content-type') === 'application/octet-stream';
  if (etag === null || incarnation === null || (status === 200 && !isUpdate))
    return failure('unexpected', `The answer (${status}) is not a room's.`, status);
  const diff = status === 200 ? new Uint8Array(await response.arrayBuffer()) : null;
  return { etag, incarnation, vector: readVector(headers.get('yjs-state-vector')), diff };
}

/** @throws where it is no state vector */
function readVector(header: string | null): Uint8Array | null {
  if (header === null) return null;
  // lib0's own decoder needs Node's Buffer outside browsers.
  const bytes = atob(header.replaceAll('-', '+').replaceAll('_', '/'));
  const vector = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  Y.decodeStateVector(vector);
  return vector;
}

/** `body = varUint8Array(stateVector) varUint8Array(update)` */
function syncBody({ stateVector, update }: Question): Uint8Array<ArrayBuffer> {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, stateVector);
    encoding.writeVarUint8Array(encoder, update);
  });
}
