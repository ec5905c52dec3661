import { Hono } from 'hono';
import { ASSETS } from '../assets.ts';
import type { AppEnv } from '../../domain/env.ts';
import { renderPage } from '../ui/layout.tsx';
import { respondNotModified } from '../http/page-response.ts';
import { requireSignedIn } from '../http/require-signed-in.ts';
import type { RoomsDeps } from './deps.ts';
import { getFirstPagePath, readRoomsQuery } from './query.ts';
import { RoomsPage } from './rooms-page.tsx';

export function roomsRoutes(deps: RoomsDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().get(
    '/dashboard/rooms',
    requireSignedIn(deps, async (c, user) => {
      const query = readRoomsQuery(c.req.query());
      const { data, etag } = await deps.readRooms(c, user.id, query);
      if (data === null) return respondNotModified(c, etag);
      const { list } = data;
      if (list === null) return c.redirect(getFirstPagePath(query), 303);
      const frame = {
        title: 'Your rooms',
        section: 'rooms',
        user,
        etag,
        scripts: [ASSETS.rooms],
      } as const;
      return c.html(renderPage(frame, <RoomsPage list={list} query={query} now={Date.now()} />), 200, {
        etag,
      });
    }),
  );
}
