import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { parseIfNoneMatch } from '../../lib/if-none-match.ts';
import { setBookmarkHeader, openReadSession } from './bookmark.ts';
import { isUnchangedSince } from '../read/changed-since.ts';
import {
  hashContent,
  formatTag,
  hashSubject,
  MAX_TAG_AGE_MS,
  type RevisionTag,
  parseTags,
} from './revision-tag.ts';

/** The body of a response and the number of the last registry change that it includes. */
interface Reading<Body extends object> {
  readonly body: Body;
  readonly seq: number;
}

interface CachedResource {
  /** Owner of the rooms in the response: only changes of these rooms change the response. */
  readonly userId: string;
  /** All parameters that determine the response. */
  readonly about: object;
  /** Unix time in milliseconds. */
  readonly now?: number;
}

/** `body` is `null` if the client already has the response. */
export interface Answer<Body> {
  readonly body: Body | null;
  readonly etag: string;
  readonly bookmark: string | null;
}

/**
 * Responds with the body of `read` and an `ETag`, or with 304 if `If-None-Match` contains the current tag. Includes the D1
 * bookmark.
 * @param read returns a `Response` to refuse the request
 */
export async function respondIfChanged(
  c: Context<AppEnv>,
  asked: CachedResource,
  read: (session: D1DatabaseSession) => Promise<Reading<object> | Response>,
): Promise<Response> {
  const answer = await readIfChanged(c, asked, read);
  if (answer instanceof Response) return answer;
  setBookmarkHeader(c, answer.bookmark);
  c.header('etag', answer.etag);
  c.header('cache-control', 'private, no-cache');
  if (answer.body === null) return c.body(null, 304);
  return c.body(JSON.stringify(answer.body), 200, { 'content-type': 'application/json' });
}

/**
 * The body of `read`, unless `If-None-Match` contains its tag. Does not call `read` if nothing has changed since the tag
 * (changed-since.ts), so that polling is cheap.
 */
export async function readIfChanged<Body extends object, Refusal extends Response = never>(
  c: Context<AppEnv>,
  { userId, about, now = Date.now() }: CachedResource,
  read: (session: D1DatabaseSession) => Promise<Reading<Body> | Refusal>,
): Promise<Answer<Body> | Refusal> {
  const session = openReadSession(c);
  const subject = hashSubject(userId, about);
  const given = parseIfNoneMatch(c.req.header('if-none-match'));
  const named = parseTags(given === '*' ? [] : given, subject).filter(
    ({ at }) => at <= now && now - at < MAX_TAG_AGE_MS,
  );
  const answer = (body: Body | null, tag: RevisionTag): Answer<Body> => ({
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
  const content = hashContent(JSON.stringify(found.body));
  // The registry may have changed, but not the body.
  const same = named.find((tag) => tag.content === content);
  if (same !== undefined) return answer(null, same);
  return answer(given === '*' ? null : found.body, { at: now, seq: found.seq, subject, content });
}

function isReading<Body extends object>(found: Reading<Body> | Response): found is Reading<Body> {
  return !(found instanceof Response);
}
