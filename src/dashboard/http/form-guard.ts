import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../../domain/env.ts';
import { isSameOrigin } from '../../lib/origin.ts';
import { renderErrorPage } from '../ui/error-page.tsx';

/** Every form of the pages is smaller. */
const MAX_FORM_BYTES = 16 * 1_024;

const ownOriginOnly = createMiddleware<AppEnv>(async (c, next) => {
  if (isSameOrigin(c.req.raw)) return next();
  return c.html(
    renderErrorPage(
      'Not from this site',
      'The form was not sent from a page of this site. Nothing was changed. Open the page again and retry.',
    ),
    403,
  );
});

const boundedForm = bodyLimit({
  maxSize: MAX_FORM_BYTES,
  onError: (c) =>
    c.html(renderErrorPage('Too large', 'The form is too large. Shorten its fields and send it again.'), 413),
});

const urlencodedOnly = createMiddleware<AppEnv>(async (c, next) => {
  const [type] = (c.req.header('content-type') ?? '').split(';');
  if (type?.trim().toLowerCase() === 'application/x-www-form-urlencoded') return next();
  return c.html(renderErrorPage('Not a form', 'This address accepts only the form of its page.'), 400);
});

/** Accepts only requests that a form of these pages can send. */
export const formGuard = every(ownOriginOnly, boundedForm, urlencodedOnly);

/** Call it after the guard. */
export async function readFields(c: Context<AppEnv>): Promise<URLSearchParams> {
  // Not `text()`: workerd logs a warning for this content type.
  return new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
}
