import type { Connection } from '../ui/connect-program.ts';
import { ReadAt } from '../ui/figures.tsx';
import { BytesMap, showsBars } from './map/bytes-map.tsx';
import { ConnectGuide } from './connect-guide.tsx';
import type { Overview } from './deps.ts';
import { OverviewFigures } from './overview-figures.tsx';
import { ShortLists } from './short-lists.tsx';
import { Trend } from './trend.tsx';

type Place = Omit<Connection, 'room'>;

function NoRooms(place: Place) {
  return (
    <section class="panel empty" aria-labelledby="empty-heading">
      <h2 id="empty-heading">No rooms yet</h2>
      <p>
        A client creates a room when it first connects. The room appears here, and its size within a minute of
        the first edit.
      </p>
      <ConnectGuide {...place} />
    </section>
  );
}

function Rooms({ overview, place, now }: { overview: Overview; place: Place; now: number }) {
  const { usage, biggest, recent, idle, days } = overview;
  return (
    <>
      <OverviewFigures usage={usage} idle={idle} days={days} />
      <div class={`pictures${showsBars({ biggest, usage }) ? ' few' : ''}`}>
        <BytesMap biggest={biggest} usage={usage} />
        <Trend days={days} />
      </div>
      <ShortLists biggest={biggest} recent={recent} idle={idle} now={now} />
      <details id="connect" class="panel connect">
        <summary>Connect a client</summary>
        <ConnectGuide {...place} />
      </details>
    </>
  );
}

/** The user's totals, largest, recent and idle rooms. Regions are updated while the page is open. */
export function OverviewPage(props: { overview: Overview; place: Place; now: number }) {
  const { overview, place, now } = props;
  return (
    <>
      <div class="heading">
        <h1>Overview</h1>
        <ReadAt now={now} />
      </div>
      <div class="overview" data-live="overview">
        {overview.usage.instances === 0 ? (
          <NoRooms {...place} />
        ) : (
          <Rooms overview={overview} place={place} now={now} />
        )}
      </div>
    </>
  );
}
