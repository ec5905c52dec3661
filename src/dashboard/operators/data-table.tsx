import type { Child } from 'hono/jsx';
import { Bytes, Figure } from '../ui/figures.tsx';
import { formatCount, formatCounted } from '../ui/format.ts';
import type { RankingPage } from './deps.ts';

/**
 * Position of a cell on narrow screens, where a row has up to three lines: next to the row's name, or at the start or the end
 * of a line below it. `wide`: only on wide screens.
 */
type Place = 'beside' | 'second' | 'second-end' | 'third' | 'third-end' | 'wide';

interface Column {
  readonly title: string;
  /** For all columns except the first. */
  readonly place?: Place;
  /** Aligned right. */
  readonly isNumber?: boolean;
}

/**
 * The first cell of a row is its header. Narrow screens show a list. The explicit roles are needed because browsers drop a
 * table's semantics with its layout.
 */
export function DataTable(props: {
  labelledby: string;
  columns: readonly Column[];
  rows: readonly Child[][];
}) {
  const { columns } = props;
  const getClass = ({ isNumber, place }: Column) =>
    [isNumber === true ? 'number' : [], place ?? []].flat().join(' ') || undefined;
  return (
    <table class="data-table" role="table" aria-labelledby={props.labelledby}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th scope="col" role="columnheader" class={getClass(column)}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {props.rows.map((cells) => (
          <tr role="row">
            {columns.map((column, index) =>
              index === 0 ? (
                <th scope="row" role="rowheader">
                  {cells[index]}
                </th>
              ) : (
                <td role="cell" class={getClass(column)}>
                  {cells[index]}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Replaces the column's title on narrow screens. */
export function Label(props: { children?: Child }) {
  return <span class="label">{props.children}</span>;
}

/** A number with a label on narrow screens, where `isExtra` hides zero. */
export function Count(props: { count: number; one: string; many: string; isExtra?: boolean }) {
  const { count, one, many } = props;
  return (
    <span class={props.isExtra === true && count === 0 ? 'zero' : undefined}>
      {formatCount(count)}
      <Label> {count === 1 ? one : many}</Label>
    </span>
  );
}

export function Size({ bytes }: { bytes: number | null }) {
  return bytes === null ? <span class="unknown">unknown</span> : <Bytes bytes={bytes} />;
}

export function Pages(props: {
  path: string;
  label: string;
  cursor: string | undefined;
  nextCursor: string | null;
}) {
  const { path, cursor, nextCursor } = props;
  if (cursor === undefined && nextCursor === null) return null;
  return (
    <nav class="pages" aria-label={props.label}>
      {cursor === undefined ? null : <a href={path}>First page</a>}
      {nextCursor === null ? null : (
        <a
          href={`${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({ cursor: nextCursor }).toString()}`}
          rel="next"
        >
          Next page
        </a>
      )}
    </nav>
  );
}

export function Totals({ totals }: Pick<RankingPage<unknown>, 'totals'>) {
  if (totals === null) return null;
  const { document, workspace } = totals.byType;
  return (
    <dl class="figures">
      <Figure
        label="Stored"
        note={
          totals.unmeasured === 0
            ? undefined
            : `${formatCounted(totals.unmeasured, 'room', 'rooms')} not measured yet`
        }
      >
        <Bytes bytes={totals.storageBytes} />
      </Figure>
      <Figure label="Users with rooms">{formatCount(totals.users)}</Figure>
      <Figure label="Documents">{formatCount(document.instances)}</Figure>
      <Figure label="Workspaces">{formatCount(workspace.instances)}</Figure>
    </dl>
  );
}
