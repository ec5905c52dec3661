import * as z from 'zod';
import { DO_TYPES } from '../../domain/instance.ts';
import { ROOM_SORTS, type RoomsQuery } from './deps.ts';

/** How many rooms a page shows. */
const ROOMS_A_PAGE = 50;
const MAX_CURSOR_LENGTH = 4_096;
/** A name has at most 256 bytes: nothing longer is in one. */
export const MAX_SEARCH_LENGTH = 256;

/** An address that was mistyped or has aged shows the first page of the usual order; an empty search is none. */
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

/** What a request for the list asks for. */
export function readRoomsQuery(parameters: Record<string, string>): RoomsQuery {
  return { ...schema.parse(parameters), limit: ROOMS_A_PAGE };
}

/** The list's address for a query. */
export function roomsPath({ sort, order, type, q, cursor }: Omit<RoomsQuery, 'limit'>): string {
  const parameters = new URLSearchParams({ sort, order });
  if (type !== undefined) parameters.set('type', type);
  if (q !== undefined) parameters.set('q', q);
  if (cursor !== undefined) parameters.set('cursor', cursor);
  return `/dashboard/rooms?${parameters.toString()}`;
}

/** The first page of the same list, with other conditions. */
export function firstPage(
  query: RoomsQuery,
  other: Partial<Omit<RoomsQuery, 'cursor' | 'limit'>> = {},
): string {
  return roomsPath({ ...query, ...other, cursor: undefined });
}
