import type { Context } from 'hono';
import type { Seen } from '../dashboard/deps.ts';
import type { AppEnv } from '../env.ts';
import { readUnlessKnown } from '../registry/answer.ts';

/** What a page of the user's rooms shows, unless his browser shows it already. */
export async function seen<Data extends object>(
  c: Context<AppEnv>,
  userId: string,
  about: object,
  read: (session: D1DatabaseSession) => Promise<{ readonly seq: number; readonly body: Data }>,
): Promise<Seen<Data>> {
  const { body, etag } = await readUnlessKnown<Data>(c, { userId, about }, read);
  return { data: body, etag };
}
