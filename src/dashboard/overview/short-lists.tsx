import type { Child } from 'hono/jsx';
import { Ago, Bytes } from '../ui/figures.tsx';
import { formatCounted } from '../ui/format.ts';
import type { RoomSummary } from '../room-list/deps.ts';
import { getRoomPath } from '../http/room-path.ts';
import { IDLE_DAYS, LIST_LENGTH, type Overview } from './deps.ts';
import { Name } from '../ui/name.tsx';

function Size({ bytes }: { bytes: number | null }) {
  return bytes === null ? <span class="unknown">not measured</span> : <Bytes bytes={bytes} />;
}

function ShortList(props: {
  id: string;
  title: string;
  rooms: readonly RoomSummary[];
  /** Shown next to the room's name. */
  fact: (room: RoomSummary) => Child;
  /** Shown instead of an empty list. */
  empty?: string;
  all: { readonly path: string; readonly label: string };
}) {
  const { id, title, rooms, fact, empty, all } = props;
  return (
    <section class="panel short-list" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {rooms.length === 0 ? (
        <p class="nothing">{empty}</p>
      ) : (
        <>
          <ol>
            {rooms.map((room) => (
              <li>
                <a class={`name ${room.doType}`} href={getRoomPath(room)}>
                  <span class="visually-hidden">{room.doType} </span>
                  <Name name={room.resourceName} isCut />
                </a>
                <span class="fact">{fact(room)}</span>
              </li>
            ))}
          </ol>
          <p class="all">
            <a href={all.path}>{all.label}</a>
          </p>
        </>
      )}
    </section>
  );
}

export function ShortLists({
  biggest,
  recent,
  idle,
  now,
}: Omit<Overview, 'days' | 'usage'> & { now: number }) {
  return (
    <div class="short-lists">
      <ShortList
        id="biggest-heading"
        title="Biggest"
        rooms={biggest.slice(0, LIST_LENGTH)}
        fact={({ storageBytes }) => <Size bytes={storageBytes} />}
        all={{ path: '/dashboard/rooms?sort=storageBytes&order=desc', label: 'All by size' }}
      />
      <ShortList
        id="recent-heading"
        title="Used last"
        rooms={recent}
        fact={({ lastAccessedAt }) => <Ago then={lastAccessedAt} now={now} />}
        all={{ path: '/dashboard/rooms?sort=lastAccessedAt&order=desc', label: 'All by last use' }}
      />
      <ShortList
        id="idle-heading"
        title={`Not used for ${IDLE_DAYS} days`}
        rooms={idle.biggest}
        fact={({ storageBytes, lastAccessedAt }) => (
          <>
            <Size bytes={storageBytes} /> <Ago then={lastAccessedAt} now={now} />
          </>
        )}
        empty={`Every room was used within the last ${IDLE_DAYS} days.`}
        all={{
          path: '/dashboard/rooms?sort=lastAccessedAt&order=asc',
          label: `${formatCounted(idle.instances, 'room', 'rooms')}, longest unused first`,
        }}
      />
    </div>
  );
}
