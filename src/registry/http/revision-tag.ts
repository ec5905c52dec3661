import { createHash } from 'node:crypto';

/**
 * Maximum age of a tag, in milliseconds. Tombstones are kept longer, so no deletion is overlooked. After a restore of D1,
 * which assigns numbers again, an outdated response is confirmed for at most this time.
 */
export const MAX_TAG_AGE_MS = 10 * 60_000;

/** The content of an `ETag`. */
export interface RevisionTag {
  /** When the response was read, Unix milliseconds. */
  readonly at: number;
  /** Number of the last registry change (of any user) that the response includes. */
  readonly seq: number;
  /** Hash of the user and the request. */
  readonly subject: string;
  /** Hash of the response body. */
  readonly content: string;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16);

/** Hash of the user and of all parameters that determine the response. */
export const hashSubject = (userId: string, asked: object): string => digest(JSON.stringify([userId, asked]));

export const hashContent = (body: string): string => digest(body);

export function formatTag({ at, seq, subject, content }: RevisionTag): string {
  return `"${at.toString(36)}.${seq.toString(36)}.${subject}.${content}"`;
}

const TAG = /^([0-9a-z]{1,10})\.([0-9a-z]{1,10})\.([\w-]{16})\.([\w-]{16})$/;

/** The valid tags of `subject` among the tags of a request, latest first. Ignores tags of other users and requests. */
export function parseTags(named: readonly string[], subject: string): RevisionTag[] {
  return named
    .flatMap((tag) => [TAG.exec(tag) ?? []].filter((parts) => parts.length > 0))
    .map(([, at = '', seq = '', about = '', content = '']) => ({
      at: Number.parseInt(at, 36),
      seq: Number.parseInt(seq, 36),
      subject: about,
      content,
    }))
    .filter((tag) => tag.subject === subject)
    .toSorted((one, other) => other.seq - one.seq);
}
