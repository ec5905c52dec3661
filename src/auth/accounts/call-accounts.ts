import { DrizzleQueryError } from 'drizzle-orm';
import { type D1Outage, getD1Outage } from '../../lib/d1-outage.ts';
import type { Bindings } from '../../domain/env.ts';
import { isProblemStatus, problem } from '../../lib/problem.ts';
import { describeError, describePath } from '../../lib/log-text.ts';
import { accountsOf, ACCOUNTS_PATH } from './accounts.ts';
import { guardPasswords } from './guard-passwords.ts';
import { readBoundedBody } from '../../lib/bounded-body.ts';
import { RETRY_AFTER_HEADER } from '../passwords/password-attempt.ts';
import { comesFromForeignOrigin, ownOrigin, UNTRUSTED_ORIGIN } from '../identity/origins.ts';
import { sessionOfAccount } from './session-of-account.ts';
import { watchDatabase } from '../identity/watched-database.ts';

/** Longest body that the routes of accounts take. */
const MAX_ACCOUNT_BODY_BYTES = 64 * 1024;

/** How long others may keep the public keys, in seconds. Nothing else may be kept. */
const KEY_SET_MAX_AGE_SECONDS = 300;
const KEY_SET_PATH = `${ACCOUNTS_PATH}/jwks`;

const UNAVAILABLE = 'Accounts cannot be read or written just now; try again.';
/** In seconds. */
const RETRY_AFTER_S = 5;

/** Better Auth's query parameter on reads of a session. */
const NO_REFRESH = 'disableRefresh';

/**
 * Lets Better Auth answer a request to `/api/auth/*`. Its errors become problem documents of the same status, with
 * its `code` as a further member. Never throws for what a stranger sent.
 */
export async function callAccounts(request: Request, env: Bindings): Promise<Response> {
  const body = await readBoundedBody(request, MAX_ACCOUNT_BODY_BYTES);
  if (body === null) return problem(413, `The body may have at most ${MAX_ACCOUNT_BODY_BYTES} bytes.`);

  const headers = usableHeaders(request);
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
  const answered = await answerOf(request, env, body, headers);
  if (answered instanceof Response) return answered;
  const { result: response, outage } = answered;
  // Better Auth answers some failures of the database with 4xx, and signs out with 200 though the session is still there.
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (outage !== null && (response.status >= 400 || !isRead)) {
    console.error({
      event: 'accounts_unavailable',
      path: describePath(pathOf(request)),
      reason: outage.kind,
    });
    // A session that is due to be prolonged can be read all the same.
    const canBeRead = isRead && !new URL(request.url).searchParams.has(NO_REFRESH);
    return canBeRead ? callBetterAuth(withoutRefresh(request), env, body, headers) : unavailable(outage);
  }

  if (response.status >= 400) return asProblem(response, await isOutage(response, request, headers, env));
  const answer = new Response(response.body, response);
  if (comesFromForeignOrigin(request)) answer.headers.delete('set-cookie');
  const isKeySet = pathOf(request) === KEY_SET_PATH;
  answer.headers.set('cache-control', isKeySet ? `public, max-age=${KEY_SET_MAX_AGE_SECONDS}` : 'no-store');
  return answer;
}

/** What Better Auth answers, and whether D1 failed meanwhile; or a problem document where it threw. */
async function answerOf(
  request: Request,
  env: Bindings,
  body: Uint8Array<ArrayBuffer>,
  headers: Headers,
): Promise<Awaited<ReturnType<typeof watchDatabase<Response>>> | Response> {
  const accounts = await accountsOf(env, ownOrigin(request));
  const { method, url } = request;
  try {
    return await watchDatabase(() =>
      accounts.handler(new Request(url, { method, headers, body: body.byteLength === 0 ? null : body })),
    );
  } catch (error) {
    console.error({
      event: 'accounts failed',
      path: describePath(pathOf(request)),
      error: describeError(error),
    });
    return error instanceof DrizzleQueryError
      ? unavailable(getD1Outage(error))
      : problem(500, 'Something failed on our side; try again.');
  }
}

function unavailable(outage: D1Outage | null): Response {
  const { detail, retryAfterS } = outage ?? { detail: UNAVAILABLE, retryAfterS: RETRY_AFTER_S };
  return problem(503, detail, {}, { 'retry-after': String(retryAfterS) });
}

/** The same request, of which Better Auth writes nothing to prolong the session. */
function withoutRefresh(request: Request): Request {
  const url = new URL(request.url);
  url.searchParams.set(NO_REFRESH, 'true');
  return new Request(url, request);
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname;
}

/**
 * The headers that Better Auth may see. It takes the cookie where `Authorization` is bad, and the cookie of any
 * trusted origin; here a bad `Authorization` is refused, and pages of other origins use bearer tokens alone.
 */
function usableHeaders(request: Request): Headers {
  const headers = new Headers(request.headers);
  if (headers.has('authorization') || comesFromForeignOrigin(request)) headers.delete('cookie');
  // Node's own fetch sends this one of the three headers of Fetch Metadata, and Better Auth takes the sender for a
  // browser that hides its Origin. A browser sends all three, and its Origin with every POST.
  if (!headers.has('sec-fetch-site') && !headers.has('origin')) headers.delete('sec-fetch-mode');
  return headers;
}

/** Better Auth takes a session that it could not look up for one that is not there, and would sign the user out. */
async function isOutage(
  response: Response,
  request: Request,
  headers: Headers,
  env: Bindings,
): Promise<boolean> {
  if (response.status >= 500) return true;
  if (response.status !== 401 || !(headers.has('cookie') || headers.has('authorization'))) return false;
  return (await sessionOfAccount(env, ownOrigin(request), headers)) === 'unavailable';
}

async function asProblem(response: Response, isOutage: boolean): Promise<Response> {
  if (isOutage) return unavailable(null);
  const { message, code } = await errorOf(response);
  const status = isProblemStatus(response.status) ? response.status : 400;
  const detail =
    code === 'INVALID_ORIGIN'
      ? UNTRUSTED_ORIGIN
      : (message ?? (status === 404 ? 'There is nothing here.' : 'The request was refused.'));
  const answer = problem(status, detail, code === undefined ? {} : { code });
  for (const cookie of response.headers.getSetCookie()) answer.headers.append('set-cookie', cookie);
  const retryAfter = response.headers.get(RETRY_AFTER_HEADER);
  if (retryAfter !== null) answer.headers.set('retry-after', retryAfter);
  if (status === 401) answer.headers.set('www-authenticate', 'Bearer');
  return answer;
}

/** The error that Better Auth wrote as JSON; of an empty or other body nothing. */
async function errorOf(response: Response): Promise<{ message?: string; code?: string }> {
  const text = await response.text();
  if (!(response.headers.get('content-type') ?? '').includes('json') || text === '') return {};
  const body: unknown = JSON.parse(text);
  if (typeof body !== 'object' || body === null) return {};
  return {
    ...('message' in body && typeof body.message === 'string' ? { message: body.message } : {}),
    ...('code' in body && typeof body.code === 'string' ? { code: body.code } : {}),
  };
}
