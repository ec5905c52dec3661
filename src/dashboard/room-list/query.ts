import * as z from 'zod';
import { DO_TYPES } from '../../domain/instance.ts';
import { ROOM_SORTS, type RoomsQuery } from './deps.ts';

const ROOMS_PER_PAGE = 50;
const MAX_CURSOR_LENGTH = 4_096;
/** A name has at most 256 bytes. */
export const MAX_SEARCH_LENGTH = 256;

/** Invalid parameters fall back to the default list. */
const schema = z.object({
  sort: z.enum(ROOM_SORTS).catch('storageBytes'),
  order: z.enum(['asc', 'desc']).catch('desc'),
  type: z.enum(DO_TYPES).optional().catch(undefined),
  q: z
    .string()
    .transform((text) => text.trim().slice(0, MAX_SEARCH_LENGTH))
    .transform((text) => (text === '' ? undefined : text))
    .optional(),
  cursor: z.string().max(MAX_CURSOR_LENGTH).optional().catch(undefined),
});

export function readRoomsQuery(parameters: Record<string, string>): RoomsQuery {
  return { ...schema.parse(parameters), limit: ROOMS_PER_PAGE };
}

export function getRoomsPath({ sort, order, type, q, cursor }: Omit<RoomsQuery, 'limit'>): string {
  const parameters = new URLSearchParams({ sort, order });
  if (type !== undefined) parameters.set('type', type);
  if (q !== undefined) parameters.set('q', q);
  if (cursor !== undefined) parameters.set('cursor', cursor);
  return `/dashboard/rooms?${parameters.toString()}`;
}

export function getFirstPagePath(
  query: RoomsQuery,
  other: Partial<Omit<RoomsQuery, 'cursor' | 'limit'>> = {},
): string {
  return getRoomsPath({ ...query, ...other, cursor: undefined });
}
