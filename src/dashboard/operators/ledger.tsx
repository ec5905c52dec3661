import type { Child } from 'hono/jsx';
import { Bytes, Figure } from '../figures.tsx';
import { formatCount, formatCountOf } from '../format.ts';
import type { RankingPage } from './deps.ts';

interface Column {
  readonly title: string;
  /** For numbers, which stand flush right. */
  readonly isNumber?: boolean;
}

/**
 * A table of whatever. The first cell of a row names it. Narrow screens lay it out as a list with the columns' titles
 * beside the cells; the roles repeat what the elements say because browsers drop a table's meaning with its layout.
 */
export function Ledger(props: { labelledby: string; columns: readonly Column[]; rows: readonly Child[][] }) {
  const { columns } = props;
  const classOf = (at: number) => (columns[at]?.isNumber === true ? 'number' : undefined);
  return (
    <table class="ledger" role="table" aria-labelledby={props.labelledby}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title }, at) => (
            <th scope="col" role="columnheader" class={classOf(at)}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {props.rows.map(([name, ...cells]) => (
          <tr role="row">
            <th scope="row" role="rowheader">
              {name}
            </th>
            {cells.map((cell, at) => (
              <td role="cell" class={classOf(at + 1)} data-title={columns[at + 1]?.title}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
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
