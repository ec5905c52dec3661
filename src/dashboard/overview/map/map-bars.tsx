import { getRoomPath } from '../../http/room-path.ts';
import { Bytes, ShareBar } from '../../ui/figures.tsx';
import { formatCounted, formatShare } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { getCellName } from './cell-name.ts';
import type { Overview } from '../deps.ts';
import type { Cell } from './map-cells.ts';

/** For few rooms. */
export function RoomBars({ cells }: { cells: readonly Cell[] }) {
  return (
    <ul class="room-bars">
      {cells.map((cell) => (
        <li class={cell.room?.doType ?? 'others'}>
          <a href={cell.room === null ? '/dashboard/rooms' : getRoomPath(cell.room)}>
            {cell.room === null ? getCellName(cell) : <Name name={cell.room.resourceName} isCut />}
          </a>
          <ShareBar share={cell.share} />
          <span class="fact">
            {cell.room === null ? null : <span class={`tag ${cell.room.doType}`}>{cell.room.doType}</span>}{' '}
            <Bytes bytes={cell.bytes} /> <span class="of-all">{formatShare(cell.share)}</span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** For rooms that are all too small to show. */
export function TypeBars({ usage }: Pick<Overview, 'usage'>) {
  return (
    <ul class="room-bars">
      {(['document', 'workspace'] as const).map((doType) => {
        const { storageBytes, instances } = usage.byType[doType];
        if (storageBytes === 0) return null;
        const share = storageBytes / usage.storageBytes;
        return (
          <li class={doType}>
            <a href={`/dashboard/rooms?${new URLSearchParams({ type: doType }).toString()}`}>
              {formatCounted(instances, doType, `${doType}s`)}
            </a>
            <ShareBar share={share} />
            <span class="fact">
              <Bytes bytes={storageBytes} /> <span class="of-all">{formatShare(share)}</span>
            </span>
          </li>
        );
      })}
      <li class="hint">Each room is too small to be shown by itself.</li>
    </ul>
  );
}
