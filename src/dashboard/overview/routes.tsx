import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { renderPage } from '../ui/layout.tsx';
import { respondNotModified } from '../http/page-response.ts';
import { getOrigin } from '../../lib/origin.ts';
import { requireSignedIn } from '../http/require-signed-in.ts';
import type { OverviewDeps } from './deps.ts';
import { OverviewPage } from './overview-page.tsx';

export function overviewRoutes(deps: OverviewDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().get(
    '/dashboard',
    requireSignedIn(deps, async (c, user) => {
      const now = Date.now();
      const { data, etag } = await deps.readOverview(c, user.id, now);
      if (data === null) return respondNotModified(c, etag);
      const frame = { title: 'Overview', section: 'overview', user, etag } as const;
      const page = <OverviewPage overview={data} place={{ origin: getOrigin(c.req.raw), user }} now={now} />;
      return c.html(renderPage(frame, page), 200, { etag });
    }),
  );
}
