import type { Child } from 'hono/jsx';
import { ReadAt } from '../ui/figures.tsx';
import { getRoomPath } from '../http/room-path.ts';
import type { RoomRef, RoomView } from './deps.ts';
import { Name } from '../ui/name.tsx';

/** Longer names are shown in smaller letters. */
const LONG_NAME_CHARACTERS = 60;

export function RoomHeading(props: { room: RoomRef; kind: RoomView['kind']; now: number }) {
  const { room, kind, now } = props;
  return (
    <div class="heading room-heading" data-page-kind={kind}>
      <div>
        <nav class="crumbs" aria-label="Breadcrumb">
          <a href="/dashboard/rooms">Rooms</a>
          <span aria-hidden="true">/</span>
          <span class={`tag ${room.doType}`}>{room.doType}</span>
        </nav>
        <h1 class={room.resourceName.length > LONG_NAME_CHARACTERS ? 'long' : undefined}>
          <Name name={room.resourceName} />
        </h1>
      </div>
      <ReadAt now={now} />
    </div>
  );
}

/** The heading of a page about a part of a room. */
export function PartHeading({ room, title, children }: { room: RoomRef; title: string; children?: Child }) {
  return (
    <div class="room-heading">
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/dashboard/rooms">Rooms</a>
        <span aria-hidden="true">/</span>
        <a href={getRoomPath(room)}>
          <Name name={room.resourceName} />
        </a>
      </nav>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
