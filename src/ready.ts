import type { Context } from 'hono';
import type { AppEnv, Bindings } from './env.ts';

/** What `/readyz` tells of the mirror; it is ready or not by D1 alone, the mirror only reports. */
export type ReadMirrorHealth = (env: Bindings) => Promise<object>;

/** `GET /readyz`: 200 with `{ d1, mirror }`, or 503 where D1 cannot be reached. */
export async function ready(c: Context<AppEnv>, readMirrorHealth: ReadMirrorHealth): Promise<Response> {
  try {
    await c.env.DB.prepare('SELECT 1').run();
    return c.json({ ready: true, d1: 'reachable', mirror: await readMirrorHealth(c.env) });
  } catch (error) {
    console.error({ event: 'not ready', error: String(error) });
    return c.json({ ready: false, d1: 'unreachable', mirror: null }, 503);
  }
}
