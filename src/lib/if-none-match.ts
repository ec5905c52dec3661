/** About 20 tags. A longer header counts as empty. */
const MAX_HEADER_CHARACTERS = 2_048;

/** An entity tag (RFC 9110, 8.8.3), weak or strong. */
const ENTITY_TAG = /(?:W\/)?"([\x21\x23-\x7e\x80-\u00ff]*)"/g;

/** The content of an `If-None-Match` header. */
export type IfNoneMatch = '*' | readonly string[];

/**
 * Parses `If-None-Match`. All uses of the header go through this function.
 * @returns `'*'` for any content, or the tags without quotes and `W/`, because the comparison is weak (RFC 9110, 13.1.2)
 */
export function parseIfNoneMatch(header: string | null | undefined): IfNoneMatch {
  const text = (header ?? '').trim();
  if (text === '*') return '*';
  if (text.length > MAX_HEADER_CHARACTERS) return [];
  return [...text.matchAll(ENTITY_TAG)].map(([, tag = '']) => tag);
}

/** Whether the client has the content of this entity tag. */
export function matchesETag(header: IfNoneMatch, etag: string): boolean {
  if (header === '*') return true;
  const [tag] = parseIfNoneMatch(etag);
  return tag !== undefined && header.includes(tag);
}
