import { html, raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { ASSETS } from '../assets.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { Name } from './name.tsx';
import { visibleText } from './visible-text.ts';

/** Three rooms side by side, one of them in use. Colours that stand on light and dark. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#3f8f7a"><rect x="1" y="7" width="4" height="8" rx="1"/><rect x="6" y="1" width="4" height="14" rx="1"/><rect x="11" y="4" width="4" height="11" rx="1"/></g></svg>',
)}`;

/**
 * Lets a browser show the page when all of it is there. Else one that is busy, or on a slow network, shows a beginning, and moves it
 * when the rest comes. Browsers that do not know it show the page as before. Raw, since hono's `link` drops `blocking`.
 */
const SHOWN_WHOLE = raw('<link rel="expect" href="#end" blocking="render">');

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
      <a class="who" href="/dashboard/account" title={`Account of ${visibleText(user.email)}`}>
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
  const { operators, ...everybodys } = SECTIONS;
  const sections = user.isOperator ? { ...everybodys, operators } : everybodys;
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
  /** Who is signed in; without him there is nothing to go to. */
  readonly user?: SignedInUser;
  readonly section?: Section;
  /** Whether the script that keeps pages true runs; where somebody is signed in, unless told. */
  readonly live?: boolean;
  /** For pages of one short column. */
  readonly narrow?: boolean;
  /** Of the page: an open one asks with it whether it is still true (assets/live). */
  readonly etag?: string;
  /** The page's own, where it may stand at another: at that of a form which was refused. */
  readonly address?: string;
  /** Scripts beside the one that keeps pages true. */
  readonly scripts?: readonly string[];
}

/** What all pages share. */
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
        {SHOWN_WHOLE}
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

/** A whole page, for `c.html`. */
export function renderPage(frame: PageFrame, content: Child): ReturnType<typeof html> {
  return html`<!doctype html>${<Layout {...frame}>{content}</Layout>}`;
}
