import { AsOf, Bytes, Figure } from '../figures.tsx';
import { formatCount, formatCountOf } from '../format.ts';
import type { UsageSummary } from '../room-list/deps.ts';
import { ConnectGuide, type Endpoints } from './connect-guide.tsx';
import type { Overview } from './deps.ts';

function Figures({ usage }: { usage: UsageSummary }) {
  const { document, workspace } = usage.byType;
  const unmeasured =
    usage.unmeasured === 0
      ? undefined
      : `${formatCountOf(usage.unmeasured, 'room', 'rooms')} not measured yet`;
  return (
    <dl class="figures">
      <Figure label="Stored" note={unmeasured}>
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

/** What the user has, how big it is, and how to connect to it. Regions are replaced while the page is open. */
export function OverviewPage(props: Overview & { endpoints: Endpoints; now: number }) {
  const { usage, endpoints, now } = props;
  return (
    <>
      <div class="heading" data-live="heading">
        <h1>Overview</h1>
        <AsOf now={now} />
      </div>
      <div data-live="overview">
        {usage.instances === 0 ? <NoRooms endpoints={endpoints} /> : <Figures usage={usage} />}
      </div>
      <details class="panel connect">
        <summary>Connect a client</summary>
        <ConnectGuide endpoints={endpoints} />
      </details>
    </>
  );
}
