import { html } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { SignedInUser } from './deps.ts';
import { STYLESHEET_URL } from './styles.ts';

/** Three rooms side by side, one of them in use. Colours that stand on light and dark. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#3f8f7a"><rect x="1" y="7" width="4" height="8" rx="1"/><rect x="6" y="1" width="4" height="14" rx="1"/><rect x="11" y="4" width="4" height="11" rx="1"/></g></svg>',
)}`;

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="1" y="7" width="4" height="8" rx="1" />
      <rect x="6" y="1" width="4" height="14" rx="1" />
      <rect x="11" y="4" width="4" height="11" rx="1" />
    </svg>
  );
}

function Account({ user }: { user: SignedInUser }) {
  return (
    <form class="account" method="post" action="/sign-out">
      <bdi class="who" title={user.email}>
        {user.name}
      </bdi>
      <button class="quiet" type="submit">
        Sign out
      </button>
    </form>
  );
}

/** What all pages share. `narrow` is for pages of one short column. */
function Layout(props: {
  title: string;
  user?: SignedInUser | undefined;
  narrow?: boolean;
  children?: Child;
}) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${props.title} · Roomkeeper`}</title>
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href={STYLESHEET_URL} />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="top">
          <a class="brand" href="/dashboard">
            <Mark />
            Roomkeeper
          </a>
          {props.user === undefined ? null : <Account user={props.user} />}
        </header>
        <main id="main" class={props.narrow === true ? 'narrow' : 'wide'}>
          {props.children}
        </main>
      </body>
    </html>
  );
}

/** A whole page, for `c.html`. */
export function renderPage(
  page: { title: string; user?: SignedInUser | undefined; narrow?: boolean },
  content: Child,
): ReturnType<typeof html> {
  return html`<!doctype html>${<Layout {...page}>{content}</Layout>}`;
}
