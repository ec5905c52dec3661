/** An incarnation is one lifetime of a room, from its creation to its deletion. Its name is opaque to clients. */

/** On answers: the incarnation that answered. On requests: the one that the client knows; it is let into no other. */
export const INCARNATION_HEADER = 'room-incarnation';

/** The same on requests of clients that can set no header, such as a browser's WebSocket. */
const INCARNATION_PARAMETER = 'incarnation';

/** 128 bits: enough that no two rooms, and no two lifetimes of one, ever get the same. */
const INCARNATION_BYTES = 16;

/**
 * What `createIncarnation` makes, and the times of creation, in digits, that name older incarnations. Nothing else, so that a
 * client's "undefined" is a mistake and not another incarnation.
 */
const NAME = /^(?:[0-9a-f]{32}|[1-9]\d{0,15})$/;

type NamedIncarnation = { readonly ok: true; readonly incarnation: string | null } | { readonly ok: false };

/** What a room says of the incarnation that it answers for. */
export interface Incarnation {
  /** Unix milliseconds; grows with each incarnation of one room. Not unique among rooms. */
  readonly createdAt: number;
  /** Missing in what a room of the previous release says, and in records that it stored. */
  readonly incarnation?: string | undefined;
}

/** A new name, in hexadecimal. */
export function createIncarnation(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(INCARNATION_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The name of an incarnation: its own, or its time of creation where it is older than names. */
export function getIncarnation({ createdAt, incarnation }: Incarnation): string {
  return incarnation ?? String(createdAt);
}

/**
 * Whether a client that names this incarnation means that one. The time of creation still counts, because a Worker of the
 * previous release gives it out as the name.
 */
export function isIncarnation(named: string, { createdAt, incarnation }: Incarnation): boolean {
  return named === incarnation || named === String(createdAt);
}

/** The incarnation that a request names, in its query or else by its header; `null` where it names none. */
export function readIncarnation(request: Request): NamedIncarnation {
  const named =
    new URL(request.url).searchParams.get(INCARNATION_PARAMETER) ?? request.headers.get(INCARNATION_HEADER);
  return named === null || NAME.test(named) ? { ok: true, incarnation: named } : { ok: false };
}
