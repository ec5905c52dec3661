import { Hono } from 'hono';
import * as z from 'zod';
import type { AppEnv } from '../../domain/env.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import type { FormError } from '../ui/field.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { type PageContext, pageStatus, stillTrue } from '../http/page-response.ts';
import type { OperatorsDeps } from './deps.ts';
import { ErasuresPage, TrailPage } from './erasures.tsx';
import { forOperators, OPERATORS_PATH, renderOperatorPage } from './frame.tsx';
import { AllRoomsPage, UsersPage } from './rankings.tsx';
import { isRan, StatusPage } from './status-page.tsx';
import { ErasePage, UserPage } from './user-page.tsx';
import { visibleText } from '../ui/visible-text.ts';

const MAX_CURSOR_LENGTH = 4_096;
const MAX_USER_ID_LENGTH = 1_024;

const cursorSchema = z.string().max(MAX_CURSOR_LENGTH).optional().catch(undefined);
const userIdSchema = z.string().min(1).max(MAX_USER_ID_LENGTH);
const passSchema = z.enum(['incremental', 'reconcile']);

const cursorOf = (c: PageContext) => cursorSchema.parse(c.req.query('cursor'));
const noSuch = (c: PageContext, what: string) =>
  c.html(
    renderErrorPage(`No such ${what}`, `There is no ${what} at this address any more, or there never was.`),
    404,
  );

/** The deployment as its operators see it. */
export function operatorsRoutes(deps: OperatorsDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.get(
    OPERATORS_PATH,
    forOperators(deps, async (c, user) => {
      const { data: status, etag } = await deps.readStatus(c);
      if (status === null) return stillTrue(c, etag);
      const asked = c.req.query('done');
      const ran = isRan(asked) ? asked : null;
      const frame = { title: 'Status', page: 'status', user, etag } as const;
      return c.html(renderOperatorPage(frame, <StatusPage {...{ status, ran }} now={Date.now()} />), 200, {
        etag,
      });
    }),
  );

  app.post(
    `${OPERATORS_PATH}/mirror/run`,
    formGuard,
    forOperators(deps, async (c) => {
      const pass = passSchema.safeParse((await readFields(c)).get('pass'));
      if (!pass.success)
        return c.html(renderErrorPage('No such pass', 'There is no pass of this name.'), 400);
      const outcome = await deps.runMirror(c, pass.data);
      return c.redirect(`${OPERATORS_PATH}?done=${outcome === 'done' ? pass.data : outcome}`, 303);
    }),
  );

  app.get(
    `${OPERATORS_PATH}/users`,
    forOperators(deps, async (c, user) => {
      const cursor = cursorOf(c);
      const page = await deps.readUsers(c, user, cursor);
      if (page === 'refused') return c.redirect(c.req.path, 303);
      const frame = { title: 'Users', page: 'users', user } as const;
      return c.html(renderOperatorPage(frame, <UsersPage {...{ page, cursor }} now={Date.now()} />));
    }),
  );
  app.get(
    `${OPERATORS_PATH}/rooms`,
    forOperators(deps, async (c, user) => {
      const cursor = cursorOf(c);
      const page = await deps.readRoomsOfAll(c, user, cursor);
      if (page === 'refused') return c.redirect(c.req.path, 303);
      const frame = { title: 'All rooms', page: 'rooms', user } as const;
      return c.html(renderOperatorPage(frame, <AllRoomsPage {...{ page, cursor }} now={Date.now()} />));
    }),
  );
  app.get(
    `${OPERATORS_PATH}/erasures`,
    forOperators(deps, async (c, user) => {
      const cursor = cursorOf(c);
      const page = await deps.readErasures(c, user, cursor);
      if (page === 'refused') return c.redirect(c.req.path, 303);
      const frame = { title: 'Erasures', page: 'erasures', user } as const;
      return c.html(renderOperatorPage(frame, <ErasuresPage {...{ page, cursor }} now={Date.now()} />));
    }),
  );
  app.get(
    `${OPERATORS_PATH}/erasures/:id`,
    forOperators(deps, async (c, user) => {
      const seen = await deps.readTrail(c, c.req.param('id') ?? '');
      if (seen === null) return noSuch(c, 'erasure');
      const { data: trail, etag } = seen;
      if (trail === null) return stillTrue(c, etag);
      const frame = { title: 'Erasure', page: 'erasures', user, etag } as const;
      return c.html(renderOperatorPage(frame, <TrailPage trail={trail} now={Date.now()} />), 200, { etag });
    }),
  );

  const readUser = async (c: PageContext, user: SignedInUser, id: string | null | undefined) => {
    const asked = userIdSchema.safeParse(id);
    return asked.success ? deps.readUser(c, user, { id: asked.data, cursor: cursorOf(c) }) : null;
  };

  app.get(
    `${OPERATORS_PATH}/user`,
    forOperators(deps, async (c, user) => {
      const person = await readUser(c, user, c.req.query('id'));
      if (person === null) return noSuch(c, 'user');
      if (person === 'refused') return c.redirect(OPERATORS_PATH, 303);
      const frame = { title: visibleText(person.email), page: 'users', user } as const;
      const shown = { person, operator: user, cursor: cursorOf(c), now: Date.now() };
      return c.html(renderOperatorPage(frame, <UserPage {...shown} />));
    }),
  );

  app.get(
    `${OPERATORS_PATH}/erase`,
    forOperators(deps, async (c, user) => {
      const person = await readUser(c, user, c.req.query('id'));
      if (person === null || person === 'refused') return noSuch(c, 'user');
      const frame = { title: 'Erase an account', user, narrow: true };
      return c.html(renderPage(frame, <ErasePage person={person} typedEmail="" error={null} />));
    }),
  );
  app.post(
    `${OPERATORS_PATH}/erase`,
    formGuard,
    forOperators(deps, async (c, user) => {
      const fields = await readFields(c);
      const person = await readUser(c, user, fields.get('id'));
      if (person === null || person === 'refused') return noSuch(c, 'user');
      const typedEmail = (fields.get('email') ?? '').trim();
      const refuse = (error: FormError, status: number) =>
        c.html(
          renderPage(
            { title: 'Error: Erase an account', user, narrow: true },
            <ErasePage {...{ person, typedEmail, error }} />,
          ),
          pageStatus(status),
        );
      if (typedEmail.toLowerCase() !== person.email.toLowerCase()) {
        return refuse({ field: 'email', message: 'That is not the e-mail address of this account.' }, 400);
      }
      const outcome = await deps.eraseUser(c, person.id);
      if (!outcome.ok) return refuse({ message: outcome.message }, outcome.status);
      return c.redirect(`${OPERATORS_PATH}/erasures`, 303);
    }),
  );

  return app;
}
