/* An incarnation is one lifetime of a room, from its creation to its deletion. Its name is opaque to clients. */

/** In responses: the room's incarnation. In requests: the only incarnation that the client accepts. */
export const INCARNATION_HEADER = 'room-incarnation';

/** For requests without headers, such as a browser's WebSocket. */
const INCARNATION_PARAMETER = 'incarnation';

/** 128 bits, so that names never repeat. */
const INCARNATION_BYTES = 16;

/** A name of `createIncarnation`, or the creation time that names an older incarnation. Refuses mistakes such as "undefined". */
const NAME = /^(?:[0-9a-f]{32}|[1-9]\d{0,15})$/;

type NamedIncarnation = { readonly ok: true; readonly incarnation: string | null } | { readonly ok: false };

/** An incarnation as a room reports it. */
export interface Incarnation {
  /** Unix milliseconds. Increases with each incarnation of a room; not unique among rooms. */
  readonly createdAt: number;
  /** Missing in responses and records of the previous release. */
  readonly incarnation?: string | undefined;
}

/** A new random name, in hexadecimal. */
export function createIncarnation(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(INCARNATION_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The name of an incarnation; for older incarnations the creation time. */
export function getIncarnation({ createdAt, incarnation }: Incarnation): string {
  return incarnation ?? String(createdAt);
}

/** Whether a client means this incarnation. The creation time also matches: a Worker of the previous release sends it as the name. */
export function isIncarnation(named: string, { createdAt, incarnation }: Incarnation): boolean {
  return named === incarnation || named === String(createdAt);
}

/** The incarnation in the query or the header of a request; `null` if it names none. */
export function readIncarnation(request: Request): NamedIncarnation {
  const named =
    new URL(request.url).searchParams.get(INCARNATION_PARAMETER) ?? request.headers.get(INCARNATION_HEADER);
  return named === null || NAME.test(named) ? { ok: true, incarnation: named } : { ok: false };
}
