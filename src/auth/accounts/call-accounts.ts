import { DrizzleQueryError } from 'drizzle-orm';
import { type D1Outage, getD1Outage } from '../../lib/d1-outage.ts';
import type { Bindings } from '../../domain/env.ts';
import { isProblemStatus, problem } from '../../lib/problem.ts';
import { describeError, describePath } from '../../lib/log-text.ts';
import { getBetterAuth, ACCOUNTS_PATH } from './better-auth.ts';
import { guardPasswords } from './guard-passwords.ts';
import { readBoundedBody } from '../../lib/bounded-body.ts';
import { RETRY_AFTER_HEADER } from '../passwords/password-attempt.ts';
import { UNTRUSTED_ORIGIN } from '../identity/origins.ts';
import { getOrigin, isCrossOrigin } from '../../lib/origin.ts';
import { readBetterAuthSession } from './better-auth-session.ts';
import { trackOutages } from '../identity/outage-tracking.ts';

/** Longest body of a request to `/api/auth/*`. */
const MAX_ACCOUNT_BODY_BYTES = 64 * 1024;

/** Cache lifetime of the public keys, in seconds. Nothing else may be cached. */
const KEY_SET_MAX_AGE_SECONDS = 300;
const KEY_SET_PATH = `${ACCOUNTS_PATH}/jwks`;

const UNAVAILABLE = 'Accounts cannot be read or written just now; try again.';
const RETRY_AFTER_S = 5;

/** Better Auth's query parameter that reads a session without refreshing it. */
const NO_REFRESH = 'disableRefresh';

/**
 * Answers a request to `/api/auth/*` with Better Auth. Converts its errors into problem documents with the same status
 * and a member `code`. Never throws for malformed input.
 */
export async function callAccounts(request: Request, env: Bindings): Promise<Response> {
  const body = await readBoundedBody(request, MAX_ACCOUNT_BODY_BYTES);
  if (body === null) return problem(413, `The body may have at most ${MAX_ACCOUNT_BODY_BYTES} bytes.`);

  const headers = filterHeaders(request);
  const path = new URL(request.url).pathname.slice(ACCOUNTS_PATH.length);
  return guardPasswords(request, env, { path, body, headers }, () =>
    callBetterAuth(request, env, body, headers),
  );
}

async function callBetterAuth(
  request: Request,
  env: Bindings,
  body: Uint8Array<ArrayBuffer>,
  headers: Headers,
): Promise<Response> {
  const handled = await handle(request, env, body, headers);
  if (handled instanceof Response) return handled;
  const { result: response, outage } = handled;
  // During an outage, Better Auth answers 4xx, or signs out with 200 although the session still exists.
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (outage !== null && (response.status >= 400 || !isRead)) {
    console.error({
      event: 'accounts_unavailable',
      path: describePath(getPath(request)),
      reason: outage.kind,
    });
    // A session can still be read without the refresh that failed.
    const canBeRead = isRead && !new URL(request.url).searchParams.has(NO_REFRESH);
    return canBeRead ? callBetterAuth(withoutRefresh(request), env, body, headers) : unavailable(outage);
  }

  if (response.status >= 400) return asProblem(response, await isOutage(response, request, headers, env));
  const answer = new Response(response.body, response);
  if (isCrossOrigin(request)) answer.headers.delete('set-cookie');
  const isKeySet = getPath(request) === KEY_SET_PATH;
  answer.headers.set('cache-control', isKeySet ? `public, max-age=${KEY_SET_MAX_AGE_SECONDS}` : 'no-store');
  return answer;
}

/** Better Auth's response and the outage of D1, if there was one; a problem document if Better Auth threw. */
async function handle(
  request: Request,
  env: Bindings,
  body: Uint8Array<ArrayBuffer>,
  headers: Headers,
): Promise<Awaited<ReturnType<typeof trackOutages<Response>>> | Response> {
  const accounts = await getBetterAuth(env, getOrigin(request));
  const { method, url } = request;
  try {
    return await trackOutages(() =>
      accounts.handler(new Request(url, { method, headers, body: body.byteLength === 0 ? null : body })),
    );
  } catch (error) {
    console.error({
      event: 'accounts_failed',
      path: describePath(getPath(request)),
      error: describeError(error),
    });
    return error instanceof DrizzleQueryError
      ? unavailable(getD1Outage(error))
      : problem(500, 'The server failed. Try again.');
  }
}

function unavailable(outage: D1Outage | null): Response {
  const { detail, retryAfterS } = outage ?? { detail: UNAVAILABLE, retryAfterS: RETRY_AFTER_S };
  return problem(503, detail, {}, { 'retry-after': String(retryAfterS) });
}

/** The same request without a refresh of the session. */
function withoutRefresh(request: Request): Request {
  const url = new URL(request.url);
  url.searchParams.set(NO_REFRESH, 'true');
  return new Request(url, request);
}

function getPath(request: Request): string {
  return new URL(request.url).pathname;
}

/**
 * The headers for Better Auth. It would use the cookie if `Authorization` is invalid, and accept the cookie from every
 * trusted origin. Here an invalid `Authorization` is refused, and other origins must use bearer tokens.
 */
function filterHeaders(request: Request): Headers {
  const headers = new Headers(request.headers);
  if (headers.has('authorization') || isCrossOrigin(request)) headers.delete('cookie');
  // Node's fetch sends only this header of Fetch Metadata, and Better Auth would expect an Origin, as from a browser.
  // Browsers send all three headers, and an Origin with every POST.
  if (!headers.has('sec-fetch-site') && !headers.has('origin')) headers.delete('sec-fetch-mode');
  return headers;
}

/** Whether a refusal is caused by a failed lookup: Better Auth reports that as a missing session (401). */
async function isOutage(
  response: Response,
  request: Request,
  headers: Headers,
  env: Bindings,
): Promise<boolean> {
  if (response.status >= 500) return true;
  if (response.status !== 401 || !(headers.has('cookie') || headers.has('authorization'))) return false;
  return (await readBetterAuthSession(env, getOrigin(request), headers)) === 'unavailable';
}

async function asProblem(response: Response, isOutage: boolean): Promise<Response> {
  if (isOutage) return unavailable(null);
  const { message, code } = await readError(response);
  const status = isProblemStatus(response.status) ? response.status : 400;
  const detail =
    code === 'INVALID_ORIGIN'
      ? UNTRUSTED_ORIGIN
      : (message ?? (status === 404 ? 'This route does not exist.' : 'The request was refused.'));
  const answer = problem(status, detail, code === undefined ? {} : { code });
  for (const cookie of response.headers.getSetCookie()) answer.headers.append('set-cookie', cookie);
  const retryAfter = response.headers.get(RETRY_AFTER_HEADER);
  if (retryAfter !== null) answer.headers.set('retry-after', retryAfter);
  if (status === 401) answer.headers.set('www-authenticate', 'Bearer');
  return answer;
}

/** The error in a JSON body of Better Auth; empty for other bodies. */
async function readError(response: Response): Promise<{ message?: string; code?: string }> {
  const text = await response.text();
  if (!(response.headers.get('content-type') ?? '').includes('json') || text === '') return {};
  const body: unknown = JSON.parse(text);
  if (typeof body !== 'object' || body === null) return {};
  return {
    ...('message' in body && typeof body.message === 'string' ? { message: body.message } : {}),
    ...('code' in body && typeof body.code === 'string' ? { code: body.code } : {}),
  };
}
