import type { Child } from 'hono/jsx';
import { ConnectGuide, type Endpoints } from './connect-guide.tsx';
import type { RoomsOverview, RoomsQuery, UsageSummary } from './deps.ts';
import { Bytes } from './figures.tsx';
import { formatCount, formatCountOf, formatExactTime } from './format.ts';
import { dashboardPath, RoomsTable } from './rooms-table.tsx';

function Figure({ label, note, children }: { label: string; note?: string | undefined; children?: Child }) {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        <strong>{children}</strong>
        {note === undefined ? null : <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

function Figures({ usage }: { usage: UsageSummary }) {
  const { document, workspace } = usage.byType;
  return (
    <dl class="figures">
      <Figure
        label="Stored"
        note={
          usage.unmeasured === 0
            ? undefined
            : `${formatCountOf(usage.unmeasured, 'room', 'rooms')} not measured yet`
        }
      >
        <Bytes bytes={usage.storageBytes} />
      </Figure>
      <Figure label="Rooms">{formatCount(usage.instances)}</Figure>
      <Figure label={document.instances === 1 ? 'Document' : 'Documents'}>
        {formatCount(document.instances)}
      </Figure>
      <Figure label={workspace.instances === 1 ? 'Workspace' : 'Workspaces'}>
        {formatCount(workspace.instances)}
      </Figure>
    </dl>
  );
}

function Pages({ query, nextCursor }: { query: RoomsQuery; nextCursor: string | null }) {
  if (query.cursor === undefined && nextCursor === null) return null;
  const { sort, order } = query;
  return (
    <nav class="pages" aria-label="Pages of rooms">
      {query.cursor === undefined ? null : <a href={dashboardPath({ sort, order })}>First page</a>}
      {nextCursor === null ? null : (
        <a href={dashboardPath({ sort, order, cursor: nextCursor })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}

function NoRooms({ endpoints }: { endpoints: Endpoints }) {
  return (
    <section class="panel empty" aria-labelledby="empty-heading">
      <h2 id="empty-heading">No rooms yet</h2>
      <p>
        A room comes into being when a client first connects to it. It shows up here with its size within a
        minute of the first edit.
      </p>
      <ConnectGuide endpoints={endpoints} />
    </section>
  );
}

/** The caller's rooms: what there is, how big, how fresh that is, and how to connect to them. */
export function DashboardPage(props: {
  usage: UsageSummary;
  page: NonNullable<RoomsOverview['page']>;
  query: RoomsQuery;
  endpoints: Endpoints;
  /** Unix time in milliseconds. */
  now: number;
}) {
  const { usage, page, query, endpoints, now } = props;
  return (
    <>
      <div class="heading">
        <h1 id="rooms-heading">Your rooms</h1>
        <p class="as-of">
          As of <time datetime={new Date(now).toISOString()}>{formatExactTime(now)}</time>
        </p>
      </div>
      {usage.instances === 0 ? (
        <NoRooms endpoints={endpoints} />
      ) : (
        <>
          <Figures usage={usage} />
          <section class="panel" aria-labelledby="rooms-heading">
            <RoomsTable rooms={page.instances} total={usage.storageBytes} query={query} now={now} />
            <Pages query={query} nextCursor={page.nextCursor} />
          </section>
          <details class="panel connect">
            <summary>Connect a client</summary>
            <ConnectGuide endpoints={endpoints} />
          </details>
        </>
      )}
    </>
  );
}
