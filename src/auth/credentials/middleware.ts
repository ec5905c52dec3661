import type { MiddlewareHandler } from 'hono';
import type { AppEnv, Principal } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { CLOSE_CODES, isUpgrade, refuseUpgrade } from '../../lib/refuse-upgrade.ts';
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
 * Sets `principal`, or answers 401, 403 or 503 with a problem document; an upgrade is accepted and closed with 4401,
 * 4403 or 1013.
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

/** Lets operators through: the operator token, or an account with the role `admin`. Behind `authenticate`. */
export const requireOperator: MiddlewareHandler<AppEnv> = async (c, next) => {
  let allowed: boolean;
  try {
    allowed = await isOperator(c.get('principal'), c.env.DB);
  } catch (error) {
    console.error({ event: 'role look-up failed', error: describeError(error) });
    return problem(503, 'Roles cannot be checked just now; try again.', {}, RETRY_LATER);
  }
  return allowed ? next() : problem(403, 'This is for operators alone.');
};

async function isOperator({ via, userId }: Principal, db: D1Database): Promise<boolean> {
  if (via === 'operator-token') return true;
  return userId !== null && (await isOperatorAccount(db, userId, Date.now()));
}
