import { Hono } from 'hono';
import * as z from 'zod';
import type { AppEnv } from '../../domain/env.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import type { FormError } from '../ui/field.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { type PageContext, toPageStatus, respondNotModified } from '../http/page-response.ts';
import type { OperatorsDeps } from './deps.ts';
import { ErasuresPage, TrailPage } from './erasures.tsx';
import { requireOperator, OPERATORS_PATH, renderOperatorPage } from './frame.tsx';
import { AllRoomsPage, UsersPage } from './rankings.tsx';
import { isMirrorOutcome, StatusPage } from './status-page.tsx';
import { ErasePage, UserPage } from './user-page.tsx';
import { toVisibleText } from '../ui/visible-text.ts';

const MAX_CURSOR_LENGTH = 4_096;
const MAX_USER_ID_LENGTH = 1_024;

const cursorSchema = z.string().max(MAX_CURSOR_LENGTH).optional().catch(undefined);
const userIdSchema = z.string().min(1).max(MAX_USER_ID_LENGTH);
const passSchema = z.enum(['incremental', 'reconcile']);

const readCursor = (c: PageContext) => cursorSchema.parse(c.req.query('cursor'));
const renderUnknown = (c: PageContext, what: string) =>
  c.html(
    renderErrorPage(`No such ${what}`, `There is no ${what} at this address. It may have been deleted.`),
    404,
  );

export function operatorsRoutes(deps: OperatorsDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.get(
    OPERATORS_PATH,
    requireOperator(deps, async (c, user) => {
      const { data: status, etag } = await deps.readStatus(c);
      if (status === null) return respondNotModified(c, etag);
      const done = c.req.query('done');
      const outcome = isMirrorOutcome(done) ? done : null;
      const frame = { title: 'Status', page: 'status', user, etag } as const;
      return c.html(
        renderOperatorPage(frame, <StatusPage {...{ status, outcome }} now={Date.now()} />),
        200,
        {
          etag,
        },
      );
    }),
  );

  app.post(
    `${OPERATORS_PATH}/mirror/run`,
    formGuard,
    requireOperator(deps, async (c) => {
      const pass = passSchema.safeParse((await readFields(c)).get('pass'));
      if (!pass.success)
        return c.html(renderErrorPage('No such pass', 'Choose the incremental or the reconcile pass.'), 400);
      const outcome = await deps.runMirror(c, pass.data);
      return c.redirect(`${OPERATORS_PATH}?done=${outcome === 'done' ? pass.data : outcome}`, 303);
    }),
  );

  app.get(
    `${OPERATORS_PATH}/users`,
    requireOperator(deps, async (c, user) => {
      const cursor = readCursor(c);
      const page = await deps.readUsers(c, user, cursor);
      if (page === 'refused') return c.redirect(c.req.path, 303);
      const frame = { title: 'Users', page: 'users', user } as const;
      return c.html(renderOperatorPage(frame, <UsersPage {...{ page, cursor }} now={Date.now()} />));
    }),
  );
  app.get(
    `${OPERATORS_PATH}/rooms`,
    requireOperator(deps, async (c, user) => {
      const cursor = readCursor(c);
      const page = await deps.readAllRooms(c, user, cursor);
      if (page === 'refused') return c.redirect(c.req.path, 303);
      const frame = { title: 'All rooms', page: 'rooms', user } as const;
      return c.html(renderOperatorPage(frame, <AllRoomsPage {...{ page, cursor }} now={Date.now()} />));
    }),
  );
  app.get(
    `${OPERATORS_PATH}/erasures`,
    requireOperator(deps, async (c, user) => {
      const cursor = readCursor(c);
      const page = await deps.readErasures(c, user, cursor);
      if (page === 'refused') return c.redirect(c.req.path, 303);
      const frame = { title: 'Erasures', page: 'erasures', user } as const;
      return c.html(renderOperatorPage(frame, <ErasuresPage {...{ page, cursor }} now={Date.now()} />));
    }),
  );
  app.get(
    `${OPERATORS_PATH}/erasures/:id`,
    requireOperator(deps, async (c, user) => {
      const seen = await deps.readTrail(c, c.req.param('id') ?? '');
      if (seen === null) return renderUnknown(c, 'erasure');
      const { data: trail, etag } = seen;
      if (trail === null) return respondNotModified(c, etag);
      const frame = { title: 'Erasure', page: 'erasures', user, etag } as const;
      return c.html(renderOperatorPage(frame, <TrailPage trail={trail} now={Date.now()} />), 200, { etag });
    }),
  );

  const readUser = async (c: PageContext, user: SignedInUser, id: string | null | undefined) => {
    const parsed = userIdSchema.safeParse(id);
    return parsed.success ? deps.readUser(c, user, { id: parsed.data, cursor: readCursor(c) }) : null;
  };

  app.get(
    `${OPERATORS_PATH}/user`,
    requireOperator(deps, async (c, user) => {
      const person = await readUser(c, user, c.req.query('id'));
      if (person === null) return renderUnknown(c, 'user');
      if (person === 'refused') return c.redirect(OPERATORS_PATH, 303);
      const frame = { title: toVisibleText(person.email), page: 'users', user } as const;
      const shown = { person, operator: user, cursor: readCursor(c), now: Date.now() };
      return c.html(renderOperatorPage(frame, <UserPage {...shown} />));
    }),
  );

  app.get(
    `${OPERATORS_PATH}/erase`,
    requireOperator(deps, async (c, user) => {
      const person = await readUser(c, user, c.req.query('id'));
      if (person === null || person === 'refused') return renderUnknown(c, 'user');
      const frame = { title: 'Erase an account', user, narrow: true };
      return c.html(renderPage(frame, <ErasePage person={person} typedEmail="" error={null} />));
    }),
  );
  app.post(
    `${OPERATORS_PATH}/erase`,
    formGuard,
    requireOperator(deps, async (c, user) => {
      const fields = await readFields(c);
      const person = await readUser(c, user, fields.get('id'));
      if (person === null || person === 'refused') return renderUnknown(c, 'user');
      const typedEmail = (fields.get('email') ?? '').trim();
      const refuse = (error: FormError, status: number) =>
        c.html(
          renderPage(
            { title: 'Error: Erase an account', user, narrow: true },
            <ErasePage {...{ person, typedEmail, error }} />,
          ),
          toPageStatus(status),
        );
      if (typedEmail.toLowerCase() !== person.email.toLowerCase()) {
        return refuse(
          { field: 'email', message: 'This is not the e-mail address of the account. Type it again.' },
          400,
        );
      }
      const outcome = await deps.eraseUser(c, person.id);
      if (!outcome.ok) return refuse({ message: outcome.message }, outcome.status);
      return c.redirect(`${OPERATORS_PATH}/erasures`, 303);
    }),
  );

  return app;
}
