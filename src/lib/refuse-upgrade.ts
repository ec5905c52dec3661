/**
 * Why a socket is closed; y-websocket does not reconnect on 4400 to 4499, and on all others it does, with its `params`
 * and `protocols` read anew. The table stands in docs/reference/websocket.md.
 */
export const CLOSE_CODES = {
  malformed: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  /** The client names an incarnation, and there is no room. */
  absent: 4404,
  /** The room is another incarnation than the one that the client, or its content, is of. */
  replaced: 4409,
  /** Someone deleted the room. */
  deleted: 4410,
  /** The room has no space left: the same edit will be refused again. After HTTP's 413. */
  full: 4413,
  /** A frame, an update or a state vector over its limit: the same bytes will be refused again. */
  tooLarge: 4413,
  tooFast: 4429,
  /**
   * The credential has reached the end of its life, which says nothing about the account: a client comes back with a
   * fresh one. y-websocket's convention for "try again", 4500 to 4599, and HTTP's 511 "authentication required".
   */
  expired: 4511,
  /** RFC 6455, 7.4.1: "try again later" (IANA registry); y-websocket reconnects. */
  tryAgainLater: 1013,
} as const;

export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES];

const BEARER_SUBPROTOCOL = 'bearer.';

export function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** The subprotocols a client offered, in its order. */
function offeredSubprotocols(request: Request): string[] {
  return (request.headers.get('sec-websocket-protocol') ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
}

/** The JWT of a `bearer.<jwt>` subprotocol, or `null`. */
export function getBearerSubprotocol(request: Request): string | null {
  const offered = offeredSubprotocols(request).find((protocol) => protocol.startsWith(BEARER_SUBPROTOCOL));
  return offered?.slice(BEARER_SUBPROTOCOL.length) ?? null;
}

/**
 * Headers that accept the first plain subprotocol. A browser fails a connection whose offered subprotocols are
 * answered by none (RFC 6455, 4.1), and the token must not be echoed.
 */
export function getSubprotocolHeaders(request: Request): Record<string, string> {
  const plain = offeredSubprotocols(request).find((protocol) => !protocol.startsWith(BEARER_SUBPROTOCOL));
  return plain === undefined ? {} : { 'sec-websocket-protocol': plain };
}

/** On the response of a refused upgrade, for hold-refusals.ts alone, which removes them. */
const REFUSED_CODE_HEADER = 'x-roomkeeper-refused-code';
const REFUSED_REASON_HEADER = 'x-roomkeeper-refused-reason';
/** That the refusal is a repeat already, as the one who refused knows. */
const REFUSED_AGAIN_HEADER = 'x-roomkeeper-refused-again';

/**
 * Accepts an upgrade only to close it with a code: browsers hide the HTTP status of a refused upgrade, so the client
 * would not learn why, and y-websocket would try again for ever.
 * @param reason at most 123 bytes of UTF-8 (RFC 6455, 5.5)
 */
export function refuseUpgrade(
  request: Request,
  code: CloseCode,
  reason: string,
  { isRepeat = false } = {},
): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.close(code, reason);
  const headers = {
    ...getSubprotocolHeaders(request),
    [REFUSED_CODE_HEADER]: String(code),
    [REFUSED_REASON_HEADER]: encodeURIComponent(reason),
    ...(isRepeat && { [REFUSED_AGAIN_HEADER]: 'true' }),
  };
  return new Response(null, { status: 101, webSocket: client, headers });
}

/** How `refuseUpgrade` refused; `null` for another response. */
export function readRefusal({
  headers,
}: Response): { code: CloseCode; reason: string; isRepeat: boolean } | null {
  const number = Number(headers.get(REFUSED_CODE_HEADER) ?? Number.NaN);
  const code = Object.values(CLOSE_CODES).find((candidate) => candidate === number);
  if (code === undefined) return null;
  const reason = decodeURIComponent(headers.get(REFUSED_REASON_HEADER) ?? '');
  return { code, reason, isRepeat: headers.has(REFUSED_AGAIN_HEADER) };
}

export function removeRefusalHeaders(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of [REFUSED_CODE_HEADER, REFUSED_REASON_HEADER, REFUSED_AGAIN_HEADER]) headers.delete(name);
  return new Response(null, { status: 101, webSocket: response.webSocket, headers });
}
