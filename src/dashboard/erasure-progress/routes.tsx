import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { renderPage } from '../ui/layout.tsx';
import { respondNotModified } from '../http/page-response.ts';
import type { ErasureDeps } from './deps.ts';
import { ErasurePage } from './erasure-page.tsx';

/**
 * The secret id (128 random bits, given only to the user) authorizes the page, because the session has ended. The page shows
 * only numbers.
 */
export function erasureRoutes(deps: ErasureDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().get('/erasure/:id', async (c) => {
    const seen = await deps.readErasure(c, c.req.param('id'));
    if (seen === null) {
      return c.html(renderErrorPage('No such erasure', 'There is no erasure at this address.'), 404);
    }
    const { data, etag } = seen;
    if (data === null) return respondNotModified(c, etag);
    const frame = { title: 'Erasure of an account', narrow: true, live: data.state !== 'finished', etag };
    return c.html(renderPage(frame, <ErasurePage progress={data} now={Date.now()} />), 200, { etag });
  });
}
