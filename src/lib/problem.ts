import type { Context } from 'hono';
import { getD1Outage } from './d1-outage.ts';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { describeError, describePath, getStack, redactSecrets } from './log-text.ts';

const TITLES = {
  400: 'Malformed request',
  401: 'Not signed in',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Deleted',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Cannot be done',
  426: 'Upgrade required',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Bad gateway',
  503: 'Not ready',
} as const satisfies Partial<Record<ContentfulStatusCode, string>>;

export type ProblemStatus = keyof typeof TITLES;

/** Whether there is a problem document of this status. */
export function isProblemStatus(status: number): status is ProblemStatus {
  return Object.hasOwn(TITLES, status);
}

/**
 * A problem document (RFC 9457).
 * @param detail what is wrong, then what to do
 * @param extra further members, such as `field`
 */
export function problem(
  status: ProblemStatus,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(
    JSON.stringify({ type: 'about:blank', title: TITLES[status], status, detail, ...extra }),
    {
      status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    },
  );
}

/** Hono's `onError`: logs unexpected errors, and sends the client no details. */
export function onError(error: Error, c: Context): Response {
  if (error instanceof HTTPException) return error.getResponse();
  const failure = findD1Message(error);
  if (failure !== null) {
    console.error({
      event: 'd1_failed',
      method: c.req.method,
      path: describePath(c.req.path),
      error: redactSecrets(failure),
    });
    const { detail, retryAfterS } = getD1Outage(error) ?? {
      detail: 'The registry cannot be read. Try again.',
      retryAfterS: 5,
    };
    return problem(503, detail, {}, { 'retry-after': String(retryAfterS) });
  }
  console.error({
    event: 'unhandled_error',
    method: c.req.method,
    path: describePath(c.req.path),
    error: describeError(error),
    stack: getStack(error),
  });
  return problem(500, 'The server failed. Nothing was partly written. Try again.');
}

/** The path as sent: decoded characters may hide or reverse text. */
const getEncodedPath = (c: Context): string => new URL(c.req.url).pathname;

/** D1's message; `null` for other errors. Query builders wrap it in an error that contains the query and its parameters. */
function findD1Message(error: Error): string | null {
  if (error.message.startsWith('D1_ERROR')) return error.message;
  return error.cause instanceof Error ? findD1Message(error.cause) : null;
}

/** Hono's `notFound`. */
export function onNotFound(c: Context): Response {
  return problem(404, `There is nothing at ${c.req.method} ${getEncodedPath(c)}.`);
}
