import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import { ASSETS } from '../assets.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import type { PageContext } from '../http/page-response.ts';
import { DeleteVersionPage, RestorePage } from './confirm-pages.tsx';
import type { Outcome, RoomDeps, RoomRef, ShownVersion } from './deps.ts';
import { readIncarnation, type RoomRequest } from './room-request.ts';
import { VersionPage } from './version-page.tsx';
import { toVisibleText } from '../ui/visible-text.ts';

interface RoomHandling {
  readonly withRoom: (
    doType: DoType,
    handle: (request: RoomRequest) => Promise<Response>,
  ) => (c: PageContext) => Promise<Response>;
  readonly finish: (request: RoomRequest, outcome: Outcome) => Response | Promise<Response>;
}

const PATH = '/dashboard/documents/:name/versions';

/** Pages and actions of a document's versions. */
export function versionRoutes(deps: RoomDeps, { withRoom, finish }: RoomHandling): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.post(
    PATH,
    formGuard,
    withRoom('document', async (request) => {
      const fields = await readFields(request.c);
      const form = { incarnation: readIncarnation(fields), label: fields.get('label') ?? '' };
      return finish(request, await deps.createVersion(request.c, request.user.id, request.room, form));
    }),
  );

  app.get(
    `${PATH}/:id`,
    withRoom('document', (request) =>
      withVersion(request, ({ room, userId, version, now }) => ({
        title: `Version of ${toVisibleText(room.resourceName)}`,
        narrow: false,
        scripts: [ASSETS.room],
        content: <VersionPage {...{ room, userId, version, now }} />,
      })),
    ),
  );

  app.get(
    `${PATH}/:id/restore`,
    withRoom('document', (request) =>
      withVersion(request, (shown) => ({
        title: 'Restore this version?',
        narrow: true,
        scripts: [],
        content: <RestorePage {...shown} />,
      })),
    ),
  );

  app.get(
    `${PATH}/:id/delete`,
    withRoom('document', (request) =>
      withVersion(request, (shown) => ({
        title: 'Delete this version?',
        narrow: true,
        scripts: [],
        content: <DeleteVersionPage {...shown} />,
      })),
    ),
  );

  for (const action of ['restore', 'delete'] as const) {
    app.post(
      `${PATH}/:id/${action}`,
      formGuard,
      withRoom('document', async (request) => {
        const { c, user, room } = request;
        const fields = await readFields(c);
        const form = { incarnation: readIncarnation(fields), id: c.req.param('id') ?? '' };
        return finish(
          request,
          action === 'restore'
            ? await deps.restoreVersion(c, user.id, room, form)
            : await deps.deleteVersion(c, user.id, room, form),
        );
      }),
    );
  }
  return app;

  /** 404 if the version does not exist. */
  async function withVersion(
    { c, user, room }: RoomRequest,
    show: (shown: {
      readonly room: RoomRef;
      readonly userId: string;
      readonly version: ShownVersion;
      readonly incarnation: string;
      readonly now: number;
    }) => {
      readonly title: string;
      readonly narrow: boolean;
      readonly scripts: readonly string[];
      readonly content: Parameters<typeof renderPage>[1];
    },
  ): Promise<Response> {
    const { data } = await deps.readRoom(c, user.id, room);
    const id = c.req.param('id');
    const version = data?.kind === 'live' ? data.versions?.find((one) => one.id === id) : undefined;
    if (data?.kind !== 'live' || version === undefined) {
      const message =
        'There is no such version. It may have been deleted by you or by the retention of old versions.';
      return c.html(renderErrorPage('No such version', message), 404);
    }
    const { incarnation } = data;
    const { content, ...frame } = show({ room, userId: user.id, version, incarnation, now: Date.now() });
    return c.html(renderPage({ ...frame, section: 'rooms', user }, content));
  }
}
