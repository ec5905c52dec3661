import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import type { AppEnv, Principal } from '../../../src/domain/env.ts';
import { registryRoutes } from '../../../src/registry/http/routes.ts';

/** The registry's routes behind an authentication that has found `userId`; `null` is a machine operator. */
export function createApi(userId: string | null) {
  const principal: Principal = {
    userId,
    expiresAt: null,
    sessionId: null,
    via: userId === null ? 'operator-token' : 'session',
  };
  const app = new Hono<AppEnv>()
    .use(async (c, next) => {
      c.set('principal', principal);
      await next();
    })
    .route('/', registryRoutes);
  return {
    async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
      return app.request(path, { headers }, env);
    },
  };
}

/** `GET /api/instances` with these parameters. */
export function instancesPath(parameters: Record<string, string>): string {
  return `/api/instances?${new URLSearchParams(parameters).toString()}`;
}

interface ListedInstance {
  doType: string;
  resourceName: string;
  doName: string;
  storageBytes: number | null;
  storageMeasuredAt: string | null;
  createdAt: string;
  lastAccessedAt: string;
}

/** One page of `GET /api/instances`. */
export async function list(
  userId: string,
  parameters: Record<string, string> = {},
): Promise<{ instances: ListedInstance[]; nextCursor: string | null }> {
  const response = await createApi(userId).get(instancesPath(parameters));
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

/** The names on one page, in its order. */
export async function readNames(userId: string, parameters: Record<string, string> = {}): Promise<string[]> {
  return (await list(userId, parameters)).instances.map(({ resourceName }) => resourceName);
}

/** Every page, by following the cursors. */
export async function listAll(userId: string, parameters: Record<string, string>): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const asked: Record<string, string> = cursor === null ? parameters : { ...parameters, cursor };
    // Each page needs the cursor of the previous page.
    // oxlint-disable-next-line no-await-in-loop
    const page = await list(userId, asked);
    names.push(...page.instances.map(({ resourceName }) => resourceName));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return names;
}
