import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { every } from 'hono/combine';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../../domain/env.ts';
import { isSameOrigin } from '../../lib/origin.ts';
import { renderErrorPage } from '../ui/error-page.tsx';

/** More than any of the forms can fill. */
const MAX_FORM_BYTES = 16 * 1_024;

const ownOriginOnly = createMiddleware<AppEnv>(async (c, next) => {
  if (isSameOrigin(c.req.raw)) return next();
  return c.html(
    renderErrorPage(
      'Not from this site',
      'The form did not come from a page of this site, so nothing was done. Open the page again and retry.',
    ),
    403,
  );
});

const boundedForm = bodyLimit({
  maxSize: MAX_FORM_BYTES,
  onError: (c) => c.html(renderErrorPage('Too large', 'The form holds more than it can use.'), 413),
});

const urlencodedOnly = createMiddleware<AppEnv>(async (c, next) => {
  const [type] = (c.req.header('content-type') ?? '').split(';');
  if (type?.trim().toLowerCase() === 'application/x-www-form-urlencoded') return next();
  return c.html(renderErrorPage('Not a form', 'This address takes the form of its page only.'), 400);
});

/** Lets through what one of our own forms can have sent. */
export const formGuard = every(ownOriginOnly, boundedForm, urlencodedOnly);

/** The fields of a form that the guard let through. */
export async function readFields(c: Context<AppEnv>): Promise<URLSearchParams> {
  // Not `text()`: workerd warns of it for this content type.
  return new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
}
