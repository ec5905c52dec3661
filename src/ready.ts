import type { Context } from 'hono';
import { misconfiguration } from './configured.ts';
import type { AppEnv, Bindings } from './env.ts';

/** What `/readyz` tells of the mirror. It reports only: a mirror that lags keeps nobody from syncing. */
export type ReadMirrorHealth = (env: Bindings) => Promise<object>;

/** `GET /readyz`: 200 with `{ ready, d1, mirror }`; 503 where D1 cannot be reached or something is not configured. */
export async function ready(c: Context<AppEnv>, readMirrorHealth: ReadMirrorHealth): Promise<Response> {
  const missing = misconfiguration(c.env);
  if (missing !== null) return c.json({ ready: false, d1: null, mirror: null, detail: missing }, 503);
  try {
    await c.env.DB.prepare('SELECT 1').run();
    return c.json({ ready: true, d1: 'reachable', mirror: await readMirrorHealth(c.env) });
  } catch (error) {
    console.error({ event: 'not ready', error: String(error) });
    return c.json({ ready: false, d1: 'unreachable', mirror: null, detail: 'D1 cannot be reached.' }, 503);
  }
}
