import { Hono } from 'hono';
import { z } from 'zod';
import type { AppEnv } from '../../env.ts';
import { renderPage } from '../layout.tsx';
import { stillTrue } from '../page-response.ts';
import { forSignedIn } from '../signed-in.ts';
import { ROOM_SORTS, type RoomsDeps } from './deps.ts';
import { RoomsPage } from './rooms-page.tsx';
import { roomsPath } from './rooms-table.tsx';

/** How many rooms a page shows. */
const ROOMS_A_PAGE = 50;
const MAX_CURSOR_LENGTH = 4_096;

/** An address that was mistyped or has aged shows the first page of the usual order. */
const roomsQuerySchema = z.object({
  sort: z.enum(ROOM_SORTS).catch('storageBytes'),
  order: z.enum(['asc', 'desc']).catch('desc'),
  cursor: z.string().max(MAX_CURSOR_LENGTH).optional().catch(undefined),
});

/** The list of all rooms. */
export function roomsRoutes(deps: RoomsDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().get(
    '/dashboard/rooms',
    forSignedIn(deps, async (c, user) => {
      const query = { ...roomsQuerySchema.parse(c.req.query()), limit: ROOMS_A_PAGE };
      const { data, etag } = await deps.readRooms(c, user.id, query);
      if (data === null) return stillTrue(c, etag);
      const { usage, page } = data;
      if (page === null) return c.redirect(roomsPath({ sort: query.sort, order: query.order }), 303);
      const frame = { title: 'Your rooms', section: 'rooms', user, etag } as const;
      return c.html(renderPage(frame, <RoomsPage {...{ usage, page, query }} now={Date.now()} />), 200, {
        etag,
      });
    }),
  );
}
