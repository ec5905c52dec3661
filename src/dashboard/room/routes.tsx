import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import { ASSETS } from '../assets.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { toPageStatus, respondNotModified } from '../http/page-response.ts';
import { getOrigin } from '../../lib/origin.ts';
import { requireSignedIn } from '../http/require-signed-in.ts';
import { DeleteRoomPage } from './confirm-pages.tsx';
import type { Outcome, RoomDeps, RoomView } from './deps.ts';
import { matchesName } from './match-name.ts';
import { readDone } from './notices.tsx';
import { AbsentPage, DeletedPage } from './missing-room-pages.tsx';
import { readIncarnation, type RoomRequest, readRoomRef } from './room-request.ts';
import { RoomPage } from './room-page.tsx';
import { getRoomPaths } from './room-paths.ts';
import { versionRoutes } from './version-routes.tsx';
import { toVisibleText } from '../ui/visible-text.ts';

export function roomPageRoutes(deps: RoomDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  mount(app, deps, 'document', '/dashboard/documents/:name');
  mount(app, deps, 'workspace', '/dashboard/workspaces/:name');
  app.route('/', versionRoutes(deps, { withRoom, finish }));
  return app;

  function mount(app: Hono<AppEnv>, deps: RoomDeps, doType: DoType, path: string): void {
    app.get(
      path,
      withRoom(doType, (request) => showRoom(request, null)),
    );

    app.get(
      `${path}/delete`,
      withRoom(doType, (request) => showDelete(request, null)),
    );

    app.post(
      `${path}/delete`,
      formGuard,
      withRoom(doType, async (request) => {
        const { c, user, room } = request;
        const fields = await readFields(c);
        if (!matchesName(fields.get('name') ?? '', room.resourceName)) {
          const message = 'This is not the room’s name. Nothing was deleted. Type the name again.';
          return showDelete(request, { ok: false, status: 400, field: 'name', message });
        }
        return finish(request, await deps.deleteRoom(c, user.id, room, readIncarnation(fields)));
      }),
    );

    app.post(
      `${path}/create`,
      formGuard,
      withRoom(doType, async (request) => {
        const fields = await readFields(request.c);
        const acceptOldCopies = fields.get('readmit') === 'true';
        return finish(
          request,
          await deps.createRoom(request.c, request.user.id, request.room, acceptOldCopies),
        );
      }),
    );

    app.post(
      `${path}/compact`,
      formGuard,
      withRoom(doType, async (request) => {
        const fields = await readFields(request.c);
        return finish(
          request,
          await deps.compactRoom(request.c, request.user.id, request.room, readIncarnation(fields)),
        );
      }),
    );
  }

  /** 404 for an invalid name. */
  function withRoom(doType: DoType, handle: (request: RoomRequest) => Promise<Response>) {
    return requireSignedIn(deps, async (c, user) => {
      const found = readRoomRef(c, deps, user.id, doType);
      if (found.ok) return handle({ c, user, room: found.room });
      return c.html(renderErrorPage('No such room', found.detail), 404);
    });
  }

  async function showDelete(request: RoomRequest, failed: Outcome | null): Promise<Response> {
    const { c, user, room } = request;
    const { data } = await deps.readRoom(c, user.id, room);
    if (data?.kind !== 'live') return c.redirect(getRoomPaths(room).page, 303);
    const frame = {
      title: `Delete ${toVisibleText(room.resourceName)}?`,
      section: 'rooms',
      user,
      narrow: true,
    } as const;
    return c.html(renderPage(frame, <DeleteRoomPage {...{ room, view: data, failed }} />), getStatus(failed));
  }

  /** Redirects to the room's page with the result, or shows the error. */
  function finish(request: RoomRequest, outcome: Outcome): Response | Promise<Response> {
    if (!outcome.ok) return showRoom(request, outcome);
    return request.c.redirect(`${getRoomPaths(request.room).page}?done=${outcome.done}`, 303);
  }

  async function showRoom(request: RoomRequest, failed: Outcome | null): Promise<Response> {
    const { c, user, room } = request;
    const { data, etag } = await deps.readRoom(c, user.id, room);
    if (data === null) return respondNotModified(c, etag);
    const scripts = data.kind === 'live' ? [ASSETS.room] : [];
    const frame = {
      title: `${failed === null ? '' : 'Error: '}${toVisibleText(room.resourceName)}`,
      section: 'rooms',
      user,
      etag,
      scripts,
      ...(failed !== null && { address: getRoomPaths(room).page }),
    } as const;
    const status = failed === null ? (data.kind === 'absent' ? 404 : 200) : getStatus(failed);
    return c.html(renderPage(frame, renderRoom(request, data, failed)), status, { etag });
  }
}

function renderRoom({ c, user, room }: RoomRequest, view: RoomView, failed: Outcome | null) {
  const now = Date.now();
  const done = failed === null ? readDone(c.req.query('done')) : null;
  const common = { room, done, failed, now };
  if (view.kind === 'absent') return <AbsentPage {...common} />;
  if (view.kind === 'deleted') return <DeletedPage {...common} {...view} />;
  const showsAllVersions = c.req.query('versions') === 'all';
  const props = { ...common, user, view, origin: getOrigin(c.req.raw), showsAllVersions };
  return <RoomPage {...props} />;
}

const getStatus = (outcome: Outcome | null): ContentfulStatusCode =>
  outcome === null || outcome.ok ? 200 : toPageStatus(outcome.status);
