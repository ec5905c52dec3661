import type { Child } from 'hono/jsx';
import type { SignedInUser } from '../http/current-user.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { renderPage } from '../ui/layout.tsx';
import type { PageContext } from '../http/page-response.ts';
import { requireSignedIn } from '../http/require-signed-in.ts';
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
export const getUserPath = (id: string): string =>
  `${OPERATORS_PATH}/user?${new URLSearchParams({ id }).toString()}`;
export const getErasurePath = (id: string): string => `${OPERATORS_PATH}/erasures/${id}`;

/** 403 for other users. `OPERATOR_TOKEN` has no pages. */
export const requireOperator = (
  deps: OperatorsDeps,
  handle: (c: PageContext, operator: SignedInUser) => Promise<Response> | Response,
) =>
  requireSignedIn(deps, (c, user) => {
    if (user.isOperator) return handle(c, user);
    const message = 'This page is for operators. Your account does not have the operator role.';
    return c.html(renderErrorPage('For operators', message), 403);
  });

/** A page with the navigation for operators. */
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
