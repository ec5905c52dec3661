import type { Child } from 'hono/jsx';
import { AsOf } from '../ui/figures.tsx';
import { roomPath } from '../http/room-path.ts';
import type { RoomRef, RoomView } from './deps.ts';
import { Name } from '../ui/name.tsx';

/** A name of more characters takes lines of smaller letters. */
const LONG_NAME = 60;

/** Which room it is, and the way back to all of them. */
export function RoomHeading(props: { room: RoomRef; kind: RoomView['kind']; now: number }) {
  const { room, kind, now } = props;
  return (
    <div class="heading room-heading" data-page-kind={kind}>
      <div>
        <nav class="crumbs" aria-label="Where you are">
          <a href="/dashboard/rooms">Rooms</a>
          <span aria-hidden="true">/</span>
          <span class={`tag ${room.doType}`}>{room.doType}</span>
        </nav>
        <h1 class={room.resourceName.length > LONG_NAME ? 'long' : undefined}>
          <Name name={room.resourceName} />
        </h1>
      </div>
      <AsOf now={now} />
    </div>
  );
}

/** The heading of a page about something of a room. */
export function PartHeading({ room, title, children }: { room: RoomRef; title: string; children?: Child }) {
  return (
    <div class="room-heading">
      <nav class="crumbs" aria-label="Where you are">
        <a href="/dashboard/rooms">Rooms</a>
        <span aria-hidden="true">/</span>
        <a href={roomPath(room)}>
          <Name name={room.resourceName} />
        </a>
      </nav>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
