import type { Context } from 'hono';
import { misconfiguration } from './configured.ts';
import { type D1Outage, getD1Outage } from '../lib/d1-outage.ts';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { checkD1Writable } from '../registry/write/write-check.ts';
import { describeError } from '../lib/log-text.ts';

/** What `/readyz` tells of the mirror. It reports only: a mirror that lags keeps nobody from syncing. */
export type ReadMirrorHealth = (env: Bindings) => Promise<object>;

/** Whether D1 can be read and written is found out once in this time by each isolate, in milliseconds. */
const KNOWN_FOR_MS = 5_000;

const UNKNOWN: D1Outage = {
  kind: 'unreachable',
  detail: 'The database does not answer as it should.',
  retryAfterS: 5,
};

const checks = new WeakMap<D1Database, { readonly outage: D1Outage | null; readonly until: number }>();

/**
 * `GET /readyz`: 200 with `{ ready, d1, mirror }`; 503 where D1 cannot be read or written, or something is not configured.
 */
export async function ready(c: Context<AppEnv>, readMirrorHealth: ReadMirrorHealth): Promise<Response> {
  const missing = misconfiguration(c.env);
  if (missing !== null) return c.json({ ready: false, d1: null, mirror: null, detail: missing }, 503);
  const outage = await outageOf(c.env.DB, Date.now());
  if (outage !== null) return notReady(c, outage);
  try {
    return c.json({ ready: true, d1: 'reachable', mirror: await readMirrorHealth(c.env) });
  } catch (error) {
    console.error({ event: 'not_ready', error: describeError(error) });
    return notReady(c, getD1Outage(error) ?? UNKNOWN);
  }
}

async function outageOf(db: D1Database, now: number): Promise<D1Outage | null> {
  const known = checks.get(db);
  if (known !== undefined && known.until > now && known.until <= now + KNOWN_FOR_MS) return known.outage;
  let outage: D1Outage | null = null;
  try {
    await checkD1Writable(db);
  } catch (error) {
    console.error({ event: 'not_ready', error: describeError(error) });
    outage = getD1Outage(error, now) ?? UNKNOWN;
  }
  checks.set(db, { outage, until: now + KNOWN_FOR_MS });
  return outage;
}

function notReady(c: Context<AppEnv>, { kind, detail, retryAfterS }: D1Outage): Response {
  return c.json({ ready: false, d1: kind, mirror: null, detail }, 503, {
    'retry-after': String(retryAfterS),
  });
}
