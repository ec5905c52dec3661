import { createHash } from 'node:crypto';

/**
 * For how long a tag's change number is relied on, in milliseconds. Afterwards the rooms are read anew. Tombstones stay
 * for longer than this, so a deletion is never overlooked; and where D1 was restored to an earlier time, whose numbers
 * are given a second time, nobody is shown an old state for longer.
 */
export const TAG_TRUSTED_MS = 10 * 60_000;

/** What an `ETag` of ours says. */
export interface VersionTag {
  /** When the answer was read, Unix milliseconds. */
  readonly at: number;
  /** The last change that the answer holds, whoever's rooms it was. */
  readonly seq: number;
  /** Of whose answer to which request. */
  readonly subject: string;
  /** Of the answer's body. */
  readonly content: string;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16);

/** What an answer is about: the user who asked, and all that decides what he is answered. */
export const subjectOf = (userId: string, asked: object): string => digest(JSON.stringify([userId, asked]));

export const contentOf = (body: string): string => digest(body);

export function formatTag({ at, seq, subject, content }: VersionTag): string {
  return `"${at.toString(36)}.${seq.toString(36)}.${subject}.${content}"`;
}

const TAG = /^([0-9a-z]{1,10})\.([0-9a-z]{1,10})\.([\w-]{16})\.([\w-]{16})$/;

/**
 * Our tags about `subject` among those a request names, the latest first; others', other requests' and other users' are
 * left out.
 */
export function versionTagsAbout(named: readonly string[], subject: string): VersionTag[] {
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
