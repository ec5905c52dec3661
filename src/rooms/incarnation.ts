/**
 * An incarnation is one life of a room, from its creation to its deletion. It is named by the time at which it began,
 * because each begins later than the one before; for clients the name is opaque.
 */

/** On answers: the incarnation that answered. On requests: the one that the client knows; it is let into no other. */
export const INCARNATION_HEADER = 'room-incarnation';

/** The same on requests of clients that can set no header, such as a browser's WebSocket. */
const INCARNATION_PARAMETER = 'incarnation';

/** Canonical, so that equal is the same. Digits alone: a client's "undefined" is a mistake of its own, not another life. */
const NAME = /^[1-9]\d{0,15}$/;

type NamedIncarnation = { readonly ok: true; readonly incarnation: string | null } | { readonly ok: false };

/** @param createdAt Unix milliseconds */
export function incarnationOf(createdAt: number): string {
  return String(createdAt);
}

/** The incarnation that a request names, in its query or else by its header; `null` where it names none. */
export function namedIncarnation(request: Request): NamedIncarnation {
  const named =
    new URL(request.url).searchParams.get(INCARNATION_PARAMETER) ?? request.headers.get(INCARNATION_HEADER);
  return named === null || NAME.test(named) ? { ok: true, incarnation: named } : { ok: false };
}
