import type { Context } from 'hono';
import type { ConditionalRead } from '../../dashboard/http/current-user.ts';
import type { AppEnv } from '../../domain/env.ts';
import { matchesETag, parseIfNoneMatch } from '../../lib/if-none-match.ts';
import { hashContent } from '../../registry/http/revision-tag.ts';

/** The data of a page with an `ETag` of its content, for pages that read few rows. */
export function compareContent<Data extends object>(c: Context<AppEnv>, data: Data): ConditionalRead<Data> {
  const etag = `"${hashContent(JSON.stringify(data))}"`;
  const isKnown =
    c.req.method === 'GET' && matchesETag(parseIfNoneMatch(c.req.header('if-none-match')), etag);
  return { data: isKnown ? null : data, etag };
}
