import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from '../domain/env.ts';
import {
  isUpgrade,
  readRefusal,
  getSubprotocolHeaders,
  removeRefusalHeaders,
} from '../lib/refuse-upgrade.ts';
import { HOLD_MS, MAX_HELD_UPGRADES } from '../lib/refusal-limits.ts';
import { type Refusal, RepeatedRefusals } from '../lib/repeated-refusals.ts';

/** Where a client is, and what it is: two clients rarely agree in all of these. */
const CLIENT_HEADERS = ['origin', 'user-agent', 'cf-connecting-ip'];
const CREDENTIAL_HEADERS = ['authorization', 'cookie', 'sec-websocket-protocol'];

const refusals = new RepeatedRefusals();
let heldUpgrades = 0;

/**
 * Slows down clients that repeat a refused upgrade: most versions reconnect 3 to 8 times a second after every close. A repeat is
 * accepted at once, so that a browser opens its other sockets meanwhile, and closed some seconds later. Neither the credential
 * is checked nor the room woken for it. A client with another token is another caller.
 */
export const holdRepeatedRefusals: MiddlewareHandler<AppEnv> = async (c, next) => {
  const request = c.req.raw;
  if (!isUpgrade(request)) return next();
  const { pathname, search } = new URL(request.url);
  const caller = nameCaller(request, [...CREDENTIAL_HEADERS, ...CLIENT_HEADERS], [pathname, search]);
  const now = Date.now();
  const repeated = refusals.repeated(caller, now);
  if (repeated !== null) return holdUpgrade(request, repeated);
  c.set('caller', { byRequest: caller, byUser: null, isRepeating: refusals.isRepeating(caller, now) });
  await next();
  const refusal = readRefusal(c.res);
  if (refusal === null) return;
  const isRepeat = refusals.note(caller, refusal, Date.now(), refusal);
  replaceResponse(c, isRepeat ? holdUpgrade(request, refusal) : removeRefusalHeaders(c.res));
};

/** The same for a user who brings a new token each time. Behind `authenticate`. */
export const holdRepeatedRefusalsOfUser: MiddlewareHandler<AppEnv> = async (c, next) => {
  const request = c.req.raw;
  if (!isUpgrade(request)) return next();
  const { pathname, searchParams } = new URL(request.url);
  searchParams.delete('token');
  const caller = nameCaller(request, CLIENT_HEADERS, [
    pathname,
    searchParams.toString(),
    c.get('principal').userId,
  ]);
  const repeated = refusals.repeated(caller, Date.now());
  if (repeated !== null) return holdUpgrade(request, repeated);
  const asked = c.get('caller');
  if (asked !== undefined) c.set('caller', { ...asked, byUser: caller });
  await next();
  const refusal = readRefusal(c.res);
  // What a socket was closed for is no other socket's fault; the room knows whom to delay for that.
  if (refusal === null || refusal.isRepeat) return;
  if (refusals.note(caller, refusal, Date.now())) replaceResponse(c, holdUpgrade(request, refusal));
};

/** Tells clients apart. Holds no secret. */
function nameCaller(
  request: Request,
  headers: readonly string[],
  others: readonly (string | null)[],
): string {
  const parts = [...headers.map((name) => request.headers.get(name)), ...others];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function replaceResponse(c: Context<AppEnv>, response: Response): void {
  // Hono would copy the headers of the response that it replaces.
  c.res = undefined;
  c.res = response;
}

function holdUpgrade(request: Request, { code, reason }: Refusal): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  if (heldUpgrades >= MAX_HELD_UPGRADES) server.close(code, reason);
  else closeLater(server, { code, reason });
  return new Response(null, { status: 101, webSocket: client, headers: getSubprotocolHeaders(request) });
}

function closeLater(server: WebSocket, { code, reason }: Refusal): void {
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
