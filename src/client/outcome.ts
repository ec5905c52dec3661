/** The result of one call. After a failure, the next call sends what is not stored. */
export type SyncOutcome =
  | {
      readonly kind: 'synced';
      /** Whether the call stored an update of this client. */
      readonly sent: boolean;
      /** Whether the response changed the document. */
      readonly received: boolean;
    }
  | SyncFailure;

export interface SyncFailure {
  readonly kind: FailureKind;
  /** The HTTP status; `null` without a response. */
  readonly status: number | null;
  /** For users: the `detail` of the problem document, if there is one. */
  readonly detail: string;
  /** `Retry-After` in milliseconds; `null` without the header. */
  readonly retryAfterMs: number | null;
}

/**
 * What failed, and what to do:
 *
 * - `signed-out` (401): get a new token, then call `start()` again.
 * - `forbidden` (403): this credential has no access. Use another one.
 * - `not-found` (404): the URL is wrong. A call creates a missing room.
 * - `deleted` (410): a user deleted the room. This client stops, so that deleted content does not return. Ask the user before you
 *   delete a copy with unsent edits. Open the room with a new `Y.Doc`.
 * - `replaced` (409): the room has another incarnation than the document. Keep the copy. Open the room with a new `Y.Doc`, or
 *   `PUT` with `?readmit=true` and use a new client with the incarnation in the response.
 * - `absent` (404, if the call named an incarnation): the room does not exist, and no user deleted it. Keep the copy: it may be
 *   the last one. `PUT` creates the room; a new client with the incarnation in the response sends the copy.
 * - `too-large` (413): the update or the state vector is too large, or the room is full; see `detail`. The same call fails
 *   again. Send less at once, delete content, or move content to another room.
 * - `refused` (other 4xx): a bug in the client or the server.
 * - `busy` (429), `unavailable` (5xx), `unreachable` (no response or no token): try again later.
 * - `unexpected`: the response is not from a room (a captive portal), or it could not be applied (an observer of the document
 *   threw). Try again later.
 */
export type FailureKind =
  | 'signed-out'
  | 'forbidden'
  | 'not-found'
  | 'deleted'
  | 'replaced'
  | 'absent'
  | 'too-large'
  | 'refused'
  | 'busy'
  | 'unavailable'
  | 'unreachable'
  | 'unexpected';

/** A longer `Retry-After` is reduced to this. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;
const MAX_DETAIL_CHARACTERS = 500;

const KINDS: Readonly<Record<number, FailureKind>> = {
  401: 'signed-out',
  403: 'forbidden',
  404: 'not-found',
  409: 'replaced',
  410: 'deleted',
  413: 'too-large',
  429: 'busy',
};

export function failure(kind: FailureKind, detail: string, status: number | null = null): SyncFailure {
  return { kind, status, detail, retryAfterMs: null };
}

/** The failure of a response other than 200 and 204. */
export async function readFailure(response: Response): Promise<SyncFailure> {
  const { status } = response;
  return {
    kind: KINDS[status] ?? getKindOfStatusClass(status),
    status,
    detail: await readDetail(response),
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), Date.now()),
  };
}

function getKindOfStatusClass(status: number): FailureKind {
  if (status >= 500) return 'unavailable';
  return status >= 400 ? 'refused' : 'unexpected';
}

async function readDetail(response: Response): Promise<string> {
  const fallback = `The server answered ${response.status}.`;
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) return fallback;
  try {
    const problem: unknown = await response.json();
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return fallback;
    return String(problem.detail).slice(0, MAX_DETAIL_CHARACTERS);
  } catch {
    // The status is enough: the detail is only for users.
    return fallback;
  }
}

/**
 * Parses `Retry-After`: seconds or a date (RFC 9110, 10.2.3).
 * @returns milliseconds from `now`; `null` if the header is missing or malformed
 */
export function parseRetryAfter(header: string | null, now: number): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
