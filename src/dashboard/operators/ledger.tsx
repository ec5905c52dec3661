import type { Child } from 'hono/jsx';
import { Bytes, Figure } from '../ui/figures.tsx';
import { formatCount, formatCountOf } from '../ui/format.ts';
import type { RankingPage } from './deps.ts';

/**
 * Where a cell stands on narrow screens, which lay a row out in three lines at most: beside the row's name, or at the start or
 * the end of a line below it. `wide` is shown on wide screens only.
 */
type Place = 'beside' | 'second' | 'second-end' | 'third' | 'third-end' | 'wide';

interface Column {
  readonly title: string;
  /** Of all cells but the first, which is the row's name. */
  readonly place?: Place;
  /** For numbers, which stand flush right. */
  readonly isNumber?: boolean;
}

/**
 * A table of whatever. The first cell of a row names it. Narrow screens lay it out as a list; the roles repeat what the elements
 * say because browsers drop a table's meaning with its layout.
 */
export function Ledger(props: { labelledby: string; columns: readonly Column[]; rows: readonly Child[][] }) {
  const { columns } = props;
  const classOf = ({ isNumber, place }: Column) =>
    [isNumber === true ? 'number' : [], place ?? []].flat().join(' ') || undefined;
  return (
    <table class="ledger" role="table" aria-labelledby={props.labelledby}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th scope="col" role="columnheader" class={classOf(column)}>
              {column.title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {props.rows.map((cells) => (
          <tr role="row">
            {columns.map((column, at) =>
              at === 0 ? (
                <th scope="row" role="rowheader">
                  {cells[at]}
                </th>
              ) : (
                <td role="cell" class={classOf(column)}>
                  {cells[at]}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Words that stand in for a column's title where narrow screens show none. */
export function Label(props: { children?: Child }) {
  return <span class="label">{props.children}</span>;
}

/** A number whose column is named by a word. Nothing to report is left out on narrow screens where `isExtra`. */
export function Count(props: { count: number; one: string; many: string; isExtra?: boolean }) {
  const { count, one, many } = props;
  return (
    <span class={props.isExtra === true && count === 0 ? 'zero' : undefined}>
      {formatCount(count)}
      <Label> {count === 1 ? one : many}</Label>
    </span>
  );
}

/** A size, where it is known. */
export function Size({ bytes }: { bytes: number | null }) {
  return bytes === null ? <span class="unknown">unknown</span> : <Bytes bytes={bytes} />;
}

/** The way on through a list. */
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

/** What a whole ranking comes to. */
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
            : `${formatCountOf(totals.unmeasured, 'room', 'rooms')} not measured yet`
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
