import type { Context } from 'hono';
import { findMisconfiguration } from './configuration.ts';
import { type D1Outage, getD1Outage } from '../lib/d1-outage.ts';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { checkD1Writable } from '../registry/write/write-check.ts';
import { describeError } from '../lib/log-text.ts';

/** The mirror's part of `/readyz`. A lagging mirror does not make the Worker unready, because syncing goes on. */
export type ReadMirrorHealth = (env: Bindings) => Promise<object>;

/** Each isolate checks D1 at most once in this time. */
const CHECK_INTERVAL_MS = 5_000;

const UNKNOWN_OUTAGE: D1Outage = {
  kind: 'unreachable',
  detail: 'The database does not work as expected. Try again.',
  retryAfterS: 5,
};

const checks = new WeakMap<D1Database, { readonly outage: D1Outage | null; readonly until: number }>();

/** `GET /readyz`: 200 with `{ ready, d1, mirror }`; 503 if D1 cannot be read or written, or if configuration is missing. */
export async function createReadyResponse(
  c: Context<AppEnv>,
  readMirrorHealth: ReadMirrorHealth,
): Promise<Response> {
  const missing = findMisconfiguration(c.env);
  if (missing !== null) return c.json({ ready: false, d1: null, mirror: null, detail: missing }, 503);
  const outage = await findOutage(c.env.DB, Date.now());
  if (outage !== null) return notReady(c, outage);
  try {
    return c.json({ ready: true, d1: 'reachable', mirror: await readMirrorHealth(c.env) });
  } catch (error) {
    console.error({ event: 'not_ready', error: describeError(error) });
    return notReady(c, getD1Outage(error) ?? UNKNOWN_OUTAGE);
  }
}

async function findOutage(db: D1Database, now: number): Promise<D1Outage | null> {
  const known = checks.get(db);
  if (known !== undefined && known.until > now && known.until <= now + CHECK_INTERVAL_MS) return known.outage;
  let outage: D1Outage | null = null;
  try {
    await checkD1Writable(db);
  } catch (error) {
    console.error({ event: 'not_ready', error: describeError(error) });
    outage = getD1Outage(error, now) ?? UNKNOWN_OUTAGE;
  }
  checks.set(db, { outage, until: now + CHECK_INTERVAL_MS });
  return outage;
}

function notReady(c: Context<AppEnv>, { kind, detail, retryAfterS }: D1Outage): Response {
  return c.json({ ready: false, d1: kind, mirror: null, detail }, 503, {
    'retry-after': String(retryAfterS),
  });
}
