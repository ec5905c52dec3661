import type { Child } from 'hono/jsx';
import { Ago } from '../ui/figures.tsx';
import type { RankedRoom } from './deps.ts';
import { Label, DataTable, Size } from './data-table.tsx';
import { Name } from '../ui/name.tsx';

/** Its heading is `rooms-heading`. With `renderOwner` it has a column of owners. */
export function RoomsDataTable<Room extends Omit<RankedRoom, 'userId' | 'email'>>(props: {
  rooms: readonly Room[];
  now: number;
  renderOwner?: (room: Room) => Child;
}) {
  const { rooms, now, renderOwner } = props;
  return (
    <DataTable
      labelledby="rooms-heading"
      columns={[
        { title: 'Room' },
        { title: 'Type', place: 'third' },
        ...(renderOwner === undefined ? [] : [{ title: 'User', place: 'second' } as const]),
        { title: 'Size', place: 'beside', isNumber: true },
        { title: 'Measured', place: 'wide' },
        { title: 'Last used', place: 'third-end' },
      ]}
      rows={rooms.map((room) => [
        <Name class="clip" name={room.resourceName} />,
        <span class={`tag ${room.doType}`}>{room.doType}</span>,
        ...(renderOwner === undefined ? [] : [renderOwner(room)]),
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
