import type { MiddlewareHandler } from 'hono';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { callEraser } from './erasure-port.ts';
import { MAX_STARTED_PER_RUN } from '../erasure/limits.ts';
import { readUnattended } from '../erasure/trail.ts';
import { describeError } from '../lib/log-text.ts';

/**
 * Starts requested erasures that have no eraser yet: after the deletion of a row of `user`, or if a Worker stopped before it
 * called the eraser. Logs one record if there were any. Never rejects.
 */
export async function startErasures(env: Bindings): Promise<void> {
  const failures: string[] = [];
  let started = 0;
  try {
    for (const order of await readUnattended(env.DB, Date.now(), MAX_STARTED_PER_RUN)) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- rare, and not urgent
        await callEraser(env, order);
        started += 1;
      } catch (error) {
        failures.push(`${order.id}: ${describeError(error)}`);
      }
    }
  } catch (error) {
    failures.push(describeError(error));
  }
  if (failures.length > 0) console.error({ event: 'erasures_started', ok: false, started, failures });
  else if (started > 0) console.info({ event: 'erasures_started', ok: true, started });
}

/** For routes that may request an erasure of another user's account. */
export const startErasuresAfterResponse: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  if (c.res.ok) c.get('afterResponse').push('start erasures', () => startErasures(c.env));
};
