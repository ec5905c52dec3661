import type { Context } from 'hono';
import { ASSETS } from '../../dashboard/assets.ts';
import type { Seen } from '../../dashboard/http/current-user.ts';
import type { AppEnv } from '../../domain/env.ts';
import { readIfChanged } from '../../registry/http/conditional-response.ts';

/**
 * What a page of the user's rooms shows, unless his browser shows it already. A deployment with other scripts is another
 * page: regions and the script that replaces them belong together.
 */
export async function seen<Data extends object>(
  c: Context<AppEnv>,
  userId: string,
  about: object,
  read: (session: D1DatabaseSession) => Promise<{ readonly seq: number; readonly body: Data }>,
): Promise<Seen<Data>> {
  const { body, etag } = await readIfChanged<Data>(c, { userId, about: [about, ASSETS] }, read);
  return { data: body, etag };
}
