import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../domain/env.ts';
import {
  isUpgrade,
  readRefusal,
  getSubprotocolHeaders,
  removeRefusalHeaders,
} from '../lib/refusals/refuse-upgrade.ts';
import { HOLD_MS, MAX_HELD_UPGRADES } from '../lib/refusals/refusal-limits.ts';
import { RepeatedRefusals, type SocketRefusal } from '../lib/refusals/repeated-refusals.ts';

/** Identify a client: two clients rarely have the same values in all of these. */
const CLIENT_HEADERS = ['origin', 'user-agent', 'cf-connecting-ip'];
const CREDENTIAL_HEADERS = ['authorization', 'cookie', 'sec-websocket-protocol'];

const refusals = new RepeatedRefusals();
let heldUpgrades = 0;

/**
 * Slows down clients that repeat a refused upgrade: most clients reconnect 3 to 8 times a second after a close. A repeat is accepted
 * at once, because a browser opens one socket at a time, and closed some seconds later, without a check of the credential or a
 * call to the room. A client with another token counts as another caller.
 */
export const holdRepeatedRefusals: MiddlewareHandler<AppEnv> = async (c, next) => {
  const request = c.req.raw;
  if (!isUpgrade(request)) return next();
  const { pathname, search } = new URL(request.url);
  const caller = hashCaller(request, [...CREDENTIAL_HEADERS, ...CLIENT_HEADERS], [pathname, search]);
  const now = Date.now();
  const repeated = refusals.getRepeated(caller, now);
  if (repeated !== null) return holdUpgrade(request, repeated);
  c.set('caller', { byRequest: caller, byUser: null, isRepeating: refusals.isRepeating(caller, now) });
  await next();
  const refusal = readRefusal(c.res);
  if (refusal === null) return;
  const isRepeat = refusals.record(caller, refusal, Date.now(), refusal);
  replaceResponse(c, isRepeat ? holdUpgrade(request, refusal) : removeRefusalHeaders(c.res));
};

/** The same for a user whose client sends a new token each time. Requires `authenticate`. */
export const holdRepeatedRefusalsOfUser: MiddlewareHandler<AppEnv> = async (c, next) => {
  const request = c.req.raw;
  if (!isUpgrade(request)) return next();
  const { pathname, searchParams } = new URL(request.url);
  searchParams.delete('token');
  const caller = hashCaller(request, CLIENT_HEADERS, [
    pathname,
    searchParams.toString(),
    c.get('principal').userId,
  ]);
  const repeated = refusals.getRepeated(caller, Date.now());
  if (repeated !== null) return holdUpgrade(request, repeated);
  const byRequest = c.get('caller');
  if (byRequest !== undefined) c.set('caller', { ...byRequest, byUser: caller });
  await next();
  const refusal = readRefusal(c.res);
  // The room itself delays a client whose socket it closed; the user's other sockets are not affected.
  if (refusal === null || refusal.isRepeat) return;
  if (refusals.record(caller, refusal, Date.now())) replaceResponse(c, holdUpgrade(request, refusal));
};

/** Distinguishes callers without containing a secret. */
function hashCaller(
  request: Request,
  headers: readonly string[],
  others: readonly (string | null)[],
): string {
  const parts = [...headers.map((name) => request.headers.get(name)), ...others];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function replaceResponse(c: Context<AppEnv>, response: Response): void {
  // Without this, Hono copies the headers of the replaced response.
  c.res = undefined;
  c.res = response;
}

function holdUpgrade(request: Request, { code, reason }: SocketRefusal): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  if (heldUpgrades >= MAX_HELD_UPGRADES) server.close(code, reason);
  else closeLater(server, { code, reason });
  return new Response(null, { status: 101, webSocket: client, headers: getSubprotocolHeaders(request) });
}

function closeLater(server: WebSocket, { code, reason }: SocketRefusal): void {
  heldUpgrades += 1;
  let isHeld = true;
  const end = (): void => {
    if (!isHeld) return;
    isHeld = false;
    heldUpgrades -= 1;
    clearTimeout(timer);
    server.close(code, reason);
  };
  const timer = setTimeout(end, HOLD_MS);
  server.addEventListener('close', end);
  server.addEventListener('error', end);
}
