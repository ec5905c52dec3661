import type { Child } from 'hono/jsx';
import { Ago } from '../ui/figures.tsx';
import type { RankedRoomOf } from './deps.ts';
import { Label, Ledger, Size } from './ledger.tsx';
import { Name } from '../ui/name.tsx';

/** Rooms with what is known of them, under the heading `rooms-heading`; with `ownerOf`, whose they are too. */
export function RoomsLedger<Room extends Omit<RankedRoomOf, 'userId' | 'email'>>(props: {
  rooms: readonly Room[];
  now: number;
  ownerOf?: (room: Room) => Child;
}) {
  const { rooms, now, ownerOf } = props;
  return (
    <Ledger
      labelledby="rooms-heading"
      columns={[
        { title: 'Room' },
        { title: 'Type', place: 'third' },
        ...(ownerOf === undefined ? [] : [{ title: 'User', place: 'second' } as const]),
        { title: 'Size', place: 'beside', isNumber: true },
        { title: 'Measured', place: 'wide' },
        { title: 'Last used', place: 'third-end' },
      ]}
      rows={rooms.map((room) => [
        <Name class="clip" name={room.resourceName} />,
        <span class={`tag ${room.doType}`}>{room.doType}</span>,
        ...(ownerOf === undefined ? [] : [ownerOf(room)]),
        <Size bytes={room.storageBytes} />,
        room.storageMeasuredAt === null ? (
          <span class="unknown">never</span>
        ) : (
          <Ago then={room.storageMeasuredAt} now={now} />
        ),
        <>
          <Label>used </Label>
          <Ago then={room.lastAccessedAt} now={now} />
        </>,
      ])}
    />
  );
}
