import { getRoomPath } from '../../http/room-path.ts';
import { Bytes } from '../../ui/figures.tsx';
import { formatShare } from '../../ui/format.ts';
import { Name } from '../../ui/name.tsx';
import { getCellName, TYPE_NAMES } from './cell-name.ts';
import type { Cell } from './map-cells.ts';

export function MapTable({ cells }: { cells: readonly Cell[] }) {
  return (
    <details id="bytes-table" class="as-table">
      <summary>The same as a table</summary>
      <div class="scrolled" tabindex={0} role="region" aria-label="Where the bytes are, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Room</th>
              <th scope="col">Type</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col" class="number">
                Share
              </th>
            </tr>
          </thead>
          <tbody>
            {cells.map((cell) => (
              <tr>
                <th scope="row">
                  {cell.room === null ? (
                    <a href="/dashboard/rooms">{getCellName(cell)}</a>
                  ) : (
                    <a href={getRoomPath(cell.room)}>
                      <Name name={cell.room.resourceName} />
                    </a>
                  )}
                </th>
                <td>{cell.room === null ? 'both' : TYPE_NAMES[cell.room.doType]}</td>
                <td class="number">
                  <Bytes bytes={cell.bytes} />
                </td>
                <td class="number">{formatShare(cell.share)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
