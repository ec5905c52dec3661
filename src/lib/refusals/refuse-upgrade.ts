/**
 * Close codes (docs/reference/websocket.md). y-websocket does not reconnect on 4400 to 4499. On all others it does, and reads its
 * `params` and `protocols` again.
 */
export const CLOSE_CODES = {
  malformed: 4400,
  unauthenticated: 4401,
  forbidden: 4403,
  /** The client names an incarnation, and the room does not exist. */
  absent: 4404,
  /** The room has another incarnation than the client or its content. */
  replaced: 4409,
  /** Someone deleted the room. */
  deleted: 4410,
  /** The room is full: the same edit will be refused again. Named after HTTP's 413. */
  full: 4413,
  /** A frame, an update or a state vector is over its limit: the same bytes will be refused again. */
  tooLarge: 4413,
  tooFast: 4429,
  /**
   * The credential has expired: the client reconnects with a new one. In y-websocket's range for "try again" (4500 to 4599),
   * named after HTTP's 511 "authentication required".
   */
  expired: 4511,
  /** "Try again later" (IANA registry, RFC 6455, 7.4.1). */
  tryAgainLater: 1013,
} as const;

export type CloseCode = (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES];

const BEARER_SUBPROTOCOL = 'bearer.';

export function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** The subprotocols that the client offers, in order. */
function readOfferedSubprotocols(request: Request): string[] {
  return (request.headers.get('sec-websocket-protocol') ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== '');
}

/** The JWT of the subprotocol `bearer.<jwt>`; `null` without one. */
export function getBearerSubprotocol(request: Request): string | null {
  const offered = readOfferedSubprotocols(request).find((protocol) =>
    protocol.startsWith(BEARER_SUBPROTOCOL),
  );
  return offered?.slice(BEARER_SUBPROTOCOL.length) ?? null;
}

/**
 * Headers that accept the first plain subprotocol. If the client offers some and gets none, a browser fails the connection
 * (RFC 6455, 4.1). The token must not be echoed.
 */
export function getSubprotocolHeaders(request: Request): Record<string, string> {
  const plain = readOfferedSubprotocols(request).find((protocol) => !protocol.startsWith(BEARER_SUBPROTOCOL));
  return plain === undefined ? {} : { 'sec-websocket-protocol': plain };
}

/** On the response of a refused upgrade. hold-refusals.ts reads and removes them. */
const REFUSED_CODE_HEADER = 'x-roomkeeper-refused-code';
const REFUSED_REASON_HEADER = 'x-roomkeeper-refused-reason';
/** The refusal is a repeat. */
const REFUSED_AGAIN_HEADER = 'x-roomkeeper-refused-again';

/**
 * Accepts an upgrade and closes it with a code. Browsers hide the HTTP status of a refused upgrade, so the client would not get
 * the reason, and y-websocket would reconnect forever.
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

/** The refusal in a response of `refuseUpgrade`; `null` for other responses. */
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
