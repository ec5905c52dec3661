import { Hono } from 'hono';
import type { AppEnv } from '../../env.ts';
import { renderPage } from '../layout.tsx';
import { stillTrue } from '../page-response.ts';
import { forSignedIn } from '../signed-in.ts';
import { endpointsOf } from './connect-guide.tsx';
import type { OverviewDeps } from './deps.ts';
import { OverviewPage } from './overview-page.tsx';

/** What the user has, at a glance. */
export function overviewRoutes(deps: OverviewDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().get(
    '/dashboard',
    forSignedIn(deps, async (c, user) => {
      const { data, etag } = await deps.readOverview(c, user.id);
      if (data === null) return stillTrue(c, etag);
      const shown = { ...data, endpoints: endpointsOf(new URL(c.req.url).origin), now: Date.now() };
      const frame = { title: 'Overview', section: 'overview', user, etag } as const;
      return c.html(renderPage(frame, <OverviewPage {...shown} />), 200, { etag });
    }),
  );
}
