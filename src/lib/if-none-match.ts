/** Longest `If-None-Match` that is read, in characters: some twenty tags. A longer one names nothing. */
const MAX_HEADER_CHARACTERS = 2_048;

/** An entity tag (RFC 9110, 8.8.3), weak or not. */
const ENTITY_TAG = /(?:W\/)?"([\x21\x23-\x7e\x80-\u00ff]*)"/g;

/** What a request's `If-None-Match` names. */
export type IfNoneMatch = '*' | readonly string[];

/**
 * The one parser of `If-None-Match`.
 * @returns `'*'`: whatever there is; otherwise the tags without quotes and without `W/`, because they are compared weakly
 *   (RFC 9110, 13.1.2)
 */
export function parseIfNoneMatch(header: string | null | undefined): IfNoneMatch {
  const text = (header ?? '').trim();
  if (text === '*') return '*';
  if (text.length > MAX_HEADER_CHARACTERS) return [];
  return [...text.matchAll(ENTITY_TAG)].map(([, tag = '']) => tag);
}

/** Whether the client has what an entity tag names. */
export function matchesETag(named: IfNoneMatch, etag: string): boolean {
  if (named === '*') return true;
  const [tag] = parseIfNoneMatch(etag);
  return tag !== undefined && named.includes(tag);
}
