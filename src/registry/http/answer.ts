import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { parseIfNoneMatch } from '../../lib/if-none-match.ts';
import { handOnBookmark, readSession } from './bookmark.ts';
import { isUnchangedSince } from '../read/changed-since.ts';
import {
  contentOf,
  formatTag,
  subjectOf,
  TAG_TRUSTED_MS,
  type VersionTag,
  versionTagsAbout,
} from './version-tag.ts';

/** What was read for an answer, with the number of the last change that it holds. */
interface Reading<Body extends object> {
  readonly body: Body;
  readonly seq: number;
}

interface Asked {
  /** Whose rooms the answer is about: only their changes change it. */
  readonly userId: string;
  /** All that decides what the answer holds. */
  readonly about: object;
  /** Unix time in milliseconds. */
  readonly now?: number;
}

/** `body` is `null` where the sender has the answer already. */
export interface Answer<Body> {
  readonly body: Body | null;
  readonly etag: string;
  readonly bookmark: string | null;
}

/**
 * Answers with what `read` finds, and with an `ETag`; or with 304 where `If-None-Match` names the answer that the sender
 * would get. For this user alone, and with the bookmark of what he has now seen.
 * @param read gives a response where there is nothing to be found
 */
export async function answerUnlessKnown(
  c: Context<AppEnv>,
  asked: Asked,
  read: (session: D1DatabaseSession) => Promise<Reading<object> | Response>,
): Promise<Response> {
  const answer = await readUnlessKnown(c, asked, read);
  if (answer instanceof Response) return answer;
  handOnBookmark(c, answer.bookmark);
  c.header('etag', answer.etag);
  c.header('cache-control', 'private, no-cache');
  if (answer.body === null) return c.body(null, 304);
  return c.body(JSON.stringify(answer.body), 200, { 'content-type': 'application/json' });
}

/**
 * What `read` finds, unless `If-None-Match` names it. That is found out without `read` where nothing has changed since
 * (see changed-since.ts), so polling what is quiet costs next to nothing.
 */
export async function readUnlessKnown<Body extends object, Refusal extends Response = never>(
  c: Context<AppEnv>,
  { userId, about, now = Date.now() }: Asked,
  read: (session: D1DatabaseSession) => Promise<Reading<Body> | Refusal>,
): Promise<Answer<Body> | Refusal> {
  const session = readSession(c);
  const subject = subjectOf(userId, about);
  const given = parseIfNoneMatch(c.req.header('if-none-match'));
  const named = versionTagsAbout(given === '*' ? [] : given, subject).filter(
    ({ at }) => at <= now && now - at < TAG_TRUSTED_MS,
  );
  const answer = (body: Body | null, tag: VersionTag): Answer<Body> => ({
    body,
    etag: formatTag(tag),
    bookmark: session.getBookmark(),
  });
  const [latest] = named;
  if (latest !== undefined && (await isUnchangedSince(session, userId, latest.seq))) {
    return answer(null, latest);
  }
  const found = await read(session);
  if (!isReading(found)) return found;
  const content = contentOf(JSON.stringify(found.body));
  // Something has changed, or too much to tell, but nothing that shows here.
  const same = named.find((tag) => tag.content === content);
  if (same !== undefined) return answer(null, same);
  return answer(given === '*' ? null : found.body, { at: now, seq: found.seq, subject, content });
}

function isReading<Body extends object>(found: Reading<Body> | Response): found is Reading<Body> {
  return !(found instanceof Response);
}
