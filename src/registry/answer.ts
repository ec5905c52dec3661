import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import { handOnBookmark, readSession } from './bookmark.ts';
import { isUnchangedSince } from './changed-since.ts';
import {
  contentOf,
  formatTag,
  parseTags,
  subjectOf,
  TAG_TRUSTED_MS,
  type VersionTag,
} from './version-tag.ts';

/** What was read for an answer, with the number of the last change that it holds; or why there is none. */
type Reading = { readonly body: object; readonly seq: number } | Response;

interface Asked {
  /** Whose rooms the answer is about: only their changes change it. */
  readonly userId: string;
  /** All that decides what the answer holds. */
  readonly about: object;
  /** Unix time in milliseconds. */
  readonly now?: number;
}

/**
 * Answers with what `read` finds, and with an `ETag`; or with 304 where `If-None-Match` names the answer that the sender
 * would get. That is found out without `read` where nothing has changed since (see changed-since.ts), so polling
 * what is quiet costs next to nothing. For this user alone, and with the bookmark of what he has now seen.
 */
export async function answerUnlessKnown(
  c: Context<AppEnv>,
  { userId, about, now = Date.now() }: Asked,
  read: (session: D1DatabaseSession) => Promise<Reading>,
): Promise<Response> {
  const session = readSession(c);
  const subject = subjectOf(userId, about);
  const named = parseTags(c.req.header('if-none-match'), subject).filter(
    ({ at }) => at <= now && now - at < TAG_TRUSTED_MS,
  );
  const [latest] = named;
  if (latest !== undefined && (await isUnchangedSince(session, userId, latest.seq))) {
    return notModified(c, session, latest);
  }
  const found = await read(session);
  if (found instanceof Response) return found;
  const body = JSON.stringify(found.body);
  const content = contentOf(body);
  // Something has changed, or too much to tell, but nothing that shows here.
  const same = named.find((tag) => tag.content === content);
  if (same !== undefined) return notModified(c, session, same);
  setHeaders(c, session, { at: now, seq: found.seq, subject, content });
  return c.body(body, 200, { 'content-type': 'application/json' });
}

function notModified(c: Context<AppEnv>, session: D1DatabaseSession, tag: VersionTag): Response {
  setHeaders(c, session, tag);
  return c.body(null, 304);
}

function setHeaders(c: Context<AppEnv>, session: D1DatabaseSession, tag: VersionTag): void {
  handOnBookmark(c, session.getBookmark());
  c.header('etag', formatTag(tag));
  c.header('cache-control', 'private, no-cache');
}
