import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import { ASSETS } from '../assets.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { pageStatus, stillTrue } from '../http/page-response.ts';
import { getOrigin } from '../../lib/origin.ts';
import { forSignedIn } from '../http/signed-in.ts';
import { DeleteRoomPage } from './confirm-pages.tsx';
import type { Outcome, RoomDeps, RoomView } from './deps.ts';
import { isNameTyped } from './name-typed.ts';
import { readDone } from './notices.tsx';
import { AbsentPage, DeletedPage } from './other-pages.tsx';
import { incarnationIn, type OfRoom, roomOf } from './room-of.ts';
import { RoomPage } from './room-page.tsx';
import { pathsOf } from './room-paths.ts';
import { versionRoutes } from './version-routes.tsx';
import { visibleText } from '../ui/visible-text.ts';

/** The page of each of the user's rooms, and what can be done there. */
export function roomPageRoutes(deps: RoomDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  mount(app, deps, 'document', '/dashboard/documents/:name');
  mount(app, deps, 'workspace', '/dashboard/workspaces/:name');
  app.route('/', versionRoutes(deps, { withRoom, finish }));
  return app;

  function mount(app: Hono<AppEnv>, deps: RoomDeps, doType: DoType, path: string): void {
    app.get(
      path,
      withRoom(doType, (of) => showRoom(of, null)),
    );

    app.get(
      `${path}/delete`,
      withRoom(doType, (of) => showDelete(of, null)),
    );

    app.post(
      `${path}/delete`,
      formGuard,
      withRoom(doType, async (of) => {
        const { c, user, room } = of;
        const fields = await readFields(c);
        if (!isNameTyped(fields.get('name') ?? '', room.resourceName)) {
          const message = 'That is not the room’s name. Nothing was deleted.';
          return showDelete(of, { ok: false, status: 400, field: 'name', message });
        }
        return finish(of, await deps.deleteRoom(c, user.id, room, incarnationIn(fields)));
      }),
    );

    app.post(
      `${path}/create`,
      formGuard,
      withRoom(doType, async (of) => {
        const fields = await readFields(of.c);
        const readmits = fields.get('readmit') === 'true';
        return finish(of, await deps.createRoom(of.c, of.user.id, of.room, readmits));
      }),
    );

    app.post(
      `${path}/compact`,
      formGuard,
      withRoom(doType, async (of) => {
        const fields = await readFields(of.c);
        return finish(of, await deps.compactRoom(of.c, of.user.id, of.room, incarnationIn(fields)));
      }),
    );
  }

  /** For who is signed in, and a name that a room can have. */
  function withRoom(doType: DoType, handle: (of: OfRoom) => Promise<Response>) {
    return forSignedIn(deps, async (c, user) => {
      const found = roomOf(c, deps, user.id, doType);
      if (found.ok) return handle({ c, user, room: found.room });
      return c.html(renderErrorPage('No such room', found.detail), 404);
    });
  }

  async function showDelete(of: OfRoom, failed: Outcome | null): Promise<Response> {
    const { c, user, room } = of;
    const { data } = await deps.readRoom(c, user.id, room);
    if (data?.kind !== 'live') return c.redirect(pathsOf(room).page, 303);
    const frame = {
      title: `Delete ${visibleText(room.resourceName)}?`,
      section: 'rooms',
      user,
      narrow: true,
    } as const;
    return c.html(renderPage(frame, <DeleteRoomPage {...{ room, view: data, failed }} />), statusOf(failed));
  }

  /** Back to the room's page, which says what came of it; what failed is said at once. */
  function finish(of: OfRoom, outcome: Outcome): Response | Promise<Response> {
    if (!outcome.ok) return showRoom(of, outcome);
    return of.c.redirect(`${pathsOf(of.room).page}?done=${outcome.done}`, 303);
  }

  async function showRoom(of: OfRoom, failed: Outcome | null): Promise<Response> {
    const { c, user, room } = of;
    const { data, etag } = await deps.readRoom(c, user.id, room);
    if (data === null) return stillTrue(c, etag);
    const scripts = data.kind === 'live' ? [ASSETS.room] : [];
    const frame = {
      title: `${failed === null ? '' : 'Error: '}${visibleText(room.resourceName)}`,
      section: 'rooms',
      user,
      etag,
      scripts,
      ...(failed !== null && { address: pathsOf(room).page }),
    } as const;
    const status = failed === null ? (data.kind === 'absent' ? 404 : 200) : statusOf(failed);
    return c.html(renderPage(frame, pageOf(of, data, failed)), status, { etag });
  }
}

function pageOf({ c, user, room }: OfRoom, view: RoomView, failed: Outcome | null) {
  const now = Date.now();
  const done = failed === null ? readDone(c.req.query('done')) : null;
  const said = { room, done, failed, now };
  if (view.kind === 'absent') return <AbsentPage {...said} />;
  if (view.kind === 'deleted') return <DeletedPage {...said} {...view} />;
  const showsAllVersions = c.req.query('versions') === 'all';
  const props = { ...said, user, view, origin: getOrigin(c.req.raw), showsAllVersions };
  return <RoomPage {...props} />;
}

const statusOf = (outcome: Outcome | null): ContentfulStatusCode =>
  outcome === null || outcome.ok ? 200 : pageStatus(outcome.status);
