/** What came of one call. Nothing is ever lost by a failure: what was not stored is sent with the next call. */
export type SyncOutcome =
  | {
      readonly kind: 'synced';
      /** Whether the call stored an update of this client's. */
      readonly sent: boolean;
      /** Whether the answer changed the document. */
      readonly received: boolean;
    }
  | SyncFailure;

export interface SyncFailure {
  readonly kind: FailureKind;
  /** The HTTP status; `null` where there was no answer. */
  readonly status: number | null;
  /** Why, for people: the problem document's `detail` where there is one. */
  readonly detail: string;
  /** What `Retry-After` asked for, in milliseconds; `null` where it asked for nothing. */
  readonly retryAfterMs: number | null;
}

/**
 * What failed, and what to do:
 *
 * - `signed-out` (401): get a new token, then `start()` again.
 * - `forbidden` (403): this credential never gets in; use another.
 * - `not-found` (404): the URL is wrong; a room that does not exist yet is created by the call.
 * - `deleted` (410): someone deleted the room. Over for this client, so that what was deleted does not flow back. Ask the user
 *   before deleting a copy that may hold edits that were not sent; open the room with a new `Y.Doc`.
 * - `replaced` (409): the room is another incarnation than the one that the document is of. Keep the copy. Open the room with a
 *   new `Y.Doc`, or let the copy in: `PUT` with `?readmit=true`, then a new client with the incarnation that it answers.
 * - `absent` (404, where an incarnation was named): there is no room, and nobody deleted it. Keep the copy: it may be the last
 *   one. `PUT` creates the room; give the incarnation that it answers to a new client, which sends the copy.
 * - `too-large` (413): the update or the state vector is too large, or the room has no space left; `detail` says which.
 *   The same call fails again: send less at once, delete content, or move content to another room.
 * - `refused` (other 4xx): the server and this client do not understand each other; a fault of either.
 * - `busy` (429), `unavailable` (5xx), `unreachable` (no answer, or no token): try again later.
 * - `unexpected`: the answer is not a room's, such as the page of a hotel's Wi-Fi, or it could not be applied, such as
 *   where an observer of the document threw. Try again later.
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

/** A longer `Retry-After` is taken for this, in milliseconds. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;
/** More of a problem document than this is not read, in characters. */
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

/** What an answer other than 200 and 204 means. */
export async function readFailure(response: Response): Promise<SyncFailure> {
  const { status } = response;
  return {
    kind: KINDS[status] ?? kindOfClass(status),
    status,
    detail: await detailOf(response),
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()),
  };
}

function kindOfClass(status: number): FailureKind {
  if (status >= 500) return 'unavailable';
  return status >= 400 ? 'refused' : 'unexpected';
}

async function detailOf(response: Response): Promise<string> {
  const fallback = `The server answered ${response.status}.`;
  if (response.headers.get('content-type')?.startsWith('application/problem+json') !== true) return fallback;
  try {
    const problem: unknown = await response.json();
    if (typeof problem !== 'object' || problem === null || !('detail' in problem)) return fallback;
    return String(problem.detail).slice(0, MAX_DETAIL_CHARACTERS);
  } catch {
    // The status says what to do; the detail is for people alone.
    return fallback;
  }
}

/**
 * Seconds, or a date (RFC 9110, 10.2.3).
 * @returns milliseconds from `now`; `null` where it says nothing that can be understood
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
