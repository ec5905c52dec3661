import { html, raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { ASSETS } from '../assets.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { Name } from './name.tsx';
import { toVisibleText } from './visible-text.ts';

/** Readable on light and dark backgrounds. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#3f8f7a"><rect x="1" y="7" width="4" height="8" rx="1"/><rect x="6" y="1" width="4" height="14" rx="1"/><rect x="11" y="4" width="4" height="11" rx="1"/></g></svg>',
)}`;

/**
 * Blocks rendering until the whole page has arrived, which prevents layout shifts on slow networks. Raw HTML: hono's `link`
 * drops `blocking`.
 */
const EXPECT_END = raw('<link rel="expect" href="#end" blocking="render">');

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
      <a class="who" href="/dashboard/account" title={`Account of ${toVisibleText(user.email)}`}>
        <Name name={user.name} />
      </a>
      <button class="quiet" type="submit">
        Sign out
      </button>
    </form>
  );
}

const SECTIONS = {
  overview: { path: '/dashboard', title: 'Overview' },
  rooms: { path: '/dashboard/rooms', title: 'Rooms' },
  operators: { path: '/dashboard/operators', title: 'Operators' },
} as const;
type Section = keyof typeof SECTIONS;

function Sections({ current, user }: { current: Section | undefined; user: SignedInUser }) {
  const { operators, ...userSections } = SECTIONS;
  const sections = user.isOperator ? { ...userSections, operators } : userSections;
  return (
    <nav class="sections" aria-label="Sections">
      {Object.entries(sections).map(([section, { path, title }]) => (
        <a href={path} aria-current={section === current ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

export interface PageFrame {
  readonly title: string;
  /** Without a user, the page has no navigation. */
  readonly user?: SignedInUser;
  readonly section?: Section;
  /** Whether the script that updates the page runs; by default if a user is signed in. */
  readonly live?: boolean;
  /** One short column. */
  readonly narrow?: boolean;
  /** The open page sends it to check for changes (assets/live). */
  readonly etag?: string;
  /** The page's own address, if it is shown at the address of a rejected form. */
  readonly address?: string;
  /** Additional scripts. */
  readonly scripts?: readonly string[];
}

function Layout(props: PageFrame & { children?: Child }) {
  const { user, live = user !== undefined } = props;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {props.etag === undefined ? null : <meta name="etag" content={props.etag} />}
        {live ? <meta name="server-time" content={new Date().toISOString()} /> : null}
        {props.address === undefined ? null : <link rel="canonical" href={props.address} />}
        <title>{`${props.title} · Roomkeeper`}</title>
        {EXPECT_END}
        <link rel="icon" href={ICON} />
        <link rel="stylesheet" href={ASSETS.style} />
        {live ? <script type="module" src={ASSETS.live} /> : null}
        {(props.scripts ?? []).map((script) => (
          <script type="module" src={script} />
        ))}
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
          {user === undefined ? null : (
            <>
              <Sections current={props.section} user={user} />
              <Account user={user} />
            </>
          )}
        </header>
        <main id="main" class={props.narrow === true ? 'narrow' : 'wide'}>
          {props.children}
        </main>
        {live ? <p id="connection" class="connection" role="status" /> : null}
        <div id="end" hidden />
      </body>
    </html>
  );
}

/** A complete page, for `c.html`. */
export function renderPage(frame: PageFrame, content: Child): ReturnType<typeof html> {
  return html`<!doctype html>${<Layout {...frame}>{content}</Layout>}`;
}
