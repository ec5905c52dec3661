import type { Overview } from '../deps.ts';
import { RoomBars, TypeBars } from './map-bars.tsx';
import { createMapCells } from './map-cells.ts';
import { MapPicture, TALL, WIDE } from './map-picture.tsx';
import { MapTable } from './map-table.tsx';

/** Up to this number of cells are bars. */
const MAX_BARS = 6;

function Areas({ biggest, usage }: Pick<Overview, 'biggest' | 'usage'>) {
  return (
    <>
      {[WIDE, TALL].map((shape) => (
        <MapPicture cells={createMapCells({ biggest, usage }, shape.width, shape.height)} shape={shape} />
      ))}
      <MapTable cells={createMapCells({ biggest, usage }, WIDE.width, WIDE.height)} />
    </>
  );
}

/** Whether the map shows bars: few rooms, or none that is large enough for an area. */
export const showsBars = ({ biggest, usage }: Pick<Overview, 'biggest' | 'usage'>): boolean =>
  createMapCells({ biggest, usage }, WIDE.width, WIDE.height).length <= MAX_BARS;

/** Each room's share of the bytes as an area that links to the room, and as a table. Few rooms are bars. */
export function BytesMap({ biggest, usage }: Pick<Overview, 'biggest' | 'usage'>) {
  const { document, workspace } = usage.byType;
  const cells = createMapCells({ biggest, usage }, WIDE.width, WIDE.height);
  return (
    <section class="panel picture" aria-labelledby="map-heading">
      <div class="picture-head">
        <h2 id="map-heading">Where the bytes are</h2>
        <ul class="legend" hidden={cells.length <= MAX_BARS}>
          {document.instances === 0 ? null : <li class="document">documents</li>}
          {workspace.instances === 0 ? null : <li class="workspace">workspaces</li>}
        </ul>
      </div>
      {usage.storageBytes === 0 ? (
        <p class="nothing">
          No room has a known size yet. A room reports its size within a minute of the first edit.
        </p>
      ) : cells.every(({ room }) => room === null) ? (
        <TypeBars usage={usage} />
      ) : cells.length <= MAX_BARS ? (
        <RoomBars cells={cells} />
      ) : (
        <Areas biggest={biggest} usage={usage} />
      )}
    </section>
  );
}
