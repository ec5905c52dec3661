import type { Context } from 'hono';
import { ASSETS } from '../../dashboard/assets.ts';
import type { ConditionalRead } from '../../dashboard/http/current-user.ts';
import type { AppEnv } from '../../domain/env.ts';
import { readIfChanged } from '../../registry/http/conditional-response.ts';

/**
 * Reads the data of a page about the user's rooms, unless the browser shows it already. The `ETag` covers the scripts too,
 * because a script replaces regions of the page of the same deployment.
 */
export async function readPageData<Data extends object>(
  c: Context<AppEnv>,
  userId: string,
  about: object,
  read: (session: D1DatabaseSession) => Promise<{ readonly seq: number; readonly body: Data }>,
): Promise<ConditionalRead<Data>> {
  const { body, etag } = await readIfChanged<Data>(c, { userId, about: [about, ASSETS] }, read);
  return { data: body, etag };
}
