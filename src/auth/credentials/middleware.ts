import type { MiddlewareHandler } from 'hono';
import type { AppEnv, Principal } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { CLOSE_CODES, isUpgrade, refuseUpgrade } from '../../lib/refusals/refuse-upgrade.ts';
import { describeError } from '../../lib/log-text.ts';
import { authenticateRequest } from './authenticate.ts';
import { isOperatorAccount } from '../identity/operators.ts';

const REFUSALS = {
  401: CLOSE_CODES.unauthenticated,
  403: CLOSE_CODES.forbidden,
  503: CLOSE_CODES.tryAgainLater,
} as const;

const RETRY_LATER = { 'retry-after': '5' };
const HEADERS = { 401: { 'www-authenticate': 'Bearer' }, 403: {}, 503: RETRY_LATER } as const;

/**
 * Sets `principal`, or answers with a problem document of status 401, 403 or 503. An upgrade is accepted and then closed
 * with 4401, 4403 or 1013.
 */
export const authenticate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const verdict = await authenticateRequest(c.req.raw, c.env);
  if (!verdict.ok) {
    const { status, detail } = verdict;
    if (isUpgrade(c.req.raw)) return refuseUpgrade(c.req.raw, REFUSALS[status], detail);
    return problem(status, detail, {}, HEADERS[status]);
  }
  c.set('principal', verdict.principal);
  return next();
};

/** Requires the operator token or an account with the role `admin`. Runs after `authenticate`. */
export const requireOperator: MiddlewareHandler<AppEnv> = async (c, next) => {
  let allowed: boolean;
  try {
    allowed = await isOperator(c.get('principal'), c.env.DB);
  } catch (error) {
    console.error({ event: 'role_lookup_failed', error: describeError(error) });
    return problem(503, 'Roles cannot be checked just now; try again.', {}, RETRY_LATER);
  }
  return allowed
    ? next()
    : problem(403, 'Only operators may do this. Use an operator’s account or the operator token.');
};

async function isOperator({ via, userId }: Principal, db: D1Database): Promise<boolean> {
  if (via === 'operator-token') return true;
  return userId !== null && (await isOperatorAccount(db, userId, Date.now()));
}
