import type { Child } from 'hono/jsx';
import type { SignedInUser } from '../http/current-user.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { renderPage } from '../ui/layout.tsx';
import type { PageContext } from '../http/page-response.ts';
import { forSignedIn } from '../http/signed-in.ts';
import type { OperatorsDeps } from './deps.ts';

export const OPERATORS_PATH = '/dashboard/operators';

const PAGES = {
  status: { path: OPERATORS_PATH, title: 'Status' },
  users: { path: `${OPERATORS_PATH}/users`, title: 'Users' },
  rooms: { path: `${OPERATORS_PATH}/rooms`, title: 'All rooms' },
  erasures: { path: `${OPERATORS_PATH}/erasures`, title: 'Erasures' },
} as const;
type OperatorPage = keyof typeof PAGES;

/** The address of one user's page. In the query, since ids of an external issuer's users have slashes. */
export const userPath = (id: string): string =>
  `${OPERATORS_PATH}/user?${new URLSearchParams({ id }).toString()}`;
export const erasurePath = (id: string): string => `${OPERATORS_PATH}/erasures/${id}`;

/** A page for operators alone. A machine's token has no pages. */
export const forOperators = (
  deps: OperatorsDeps,
  handle: (c: PageContext, operator: SignedInUser) => Promise<Response> | Response,
) =>
  forSignedIn(deps, (c, user) => {
    if (user.isOperator) return handle(c, user);
    const message = 'This page is for the operators of this deployment. Your account is not one of them.';
    return c.html(renderErrorPage('For operators', message), 403);
  });

/** What all operators' pages share: where one can go from here. */
export function renderOperatorPage(
  frame: { title: string; user: SignedInUser; page: OperatorPage; etag?: string },
  content: Child,
) {
  const { page, ...rest } = frame;
  return renderPage(
    { ...rest, section: 'operators' },
    <>
      <nav class="subpages" aria-label="Pages for operators">
        {Object.entries(PAGES).map(([name, { path, title }]) => (
          <a href={path} aria-current={name === page ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {content}
    </>,
  );
}
