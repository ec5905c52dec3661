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
import { incarnationIn, type OfRoom } from './room-of.ts';
import { VersionPage } from './version-page.tsx';
import { visibleText } from '../ui/visible-text.ts';

/** What these share with the room's own page. */
interface RoomHandling {
  readonly withRoom: (
    doType: DoType,
    handle: (of: OfRoom) => Promise<Response>,
  ) => (c: PageContext) => Promise<Response>;
  readonly finish: (of: OfRoom, outcome: Outcome) => Response | Promise<Response>;
}

const PATH = '/dashboard/documents/:name/versions';

/** The versions of a document: each has a page, and a question before it is restored or deleted. */
export function versionRoutes(deps: RoomDeps, { withRoom, finish }: RoomHandling): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.post(
    PATH,
    formGuard,
    withRoom('document', async (of) => {
      const fields = await readFields(of.c);
      const form = { incarnation: incarnationIn(fields), label: fields.get('label') ?? '' };
      return finish(of, await deps.makeVersion(of.c, of.user.id, of.room, form));
    }),
  );

  app.get(
    `${PATH}/:id`,
    withRoom('document', (of) =>
      withVersion(of, ({ room, userId, version, now }) => ({
        title: `Version of ${visibleText(room.resourceName)}`,
        narrow: false,
        scripts: [ASSETS.room],
        content: <VersionPage {...{ room, userId, version, now }} />,
      })),
    ),
  );

  app.get(
    `${PATH}/:id/restore`,
    withRoom('document', (of) =>
      withVersion(of, (shown) => ({
        title: 'Restore this version?',
        narrow: true,
        scripts: [],
        content: <RestorePage {...shown} />,
      })),
    ),
  );

  app.get(
    `${PATH}/:id/delete`,
    withRoom('document', (of) =>
      withVersion(of, (shown) => ({
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
      withRoom('document', async (of) => {
        const { c, user, room } = of;
        const fields = await readFields(c);
        const form = { incarnation: incarnationIn(fields), id: c.req.param('id') ?? '' };
        return finish(
          of,
          action === 'restore'
            ? await deps.restoreVersion(c, user.id, room, form)
            : await deps.deleteVersion(c, user.id, room, form),
        );
      }),
    );
  }
  return app;

  /** A page about a version that is there; 404 for one that is gone. */
  async function withVersion(
    { c, user, room }: OfRoom,
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
      const message = 'There is no such version. It was deleted, thinned out with age, or never made.';
      return c.html(renderErrorPage('No such version', message), 404);
    }
    const { incarnation } = data;
    const { content, ...frame } = show({ room, userId: user.id, version, incarnation, now: Date.now() });
    return c.html(renderPage({ ...frame, section: 'rooms', user }, content));
  }
}
