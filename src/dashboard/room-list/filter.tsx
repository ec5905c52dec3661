import { formatBytes, formatCount, formatExactBytes } from '../ui/format.ts';
import type { RoomsQuery, UsageSummary } from './deps.ts';
import { getFirstPagePath, MAX_SEARCH_LENGTH } from './query.ts';

/** assets/search-rooms.ts sends it while the user types. Page updates do not replace it. */
export function Search({ query }: { query: RoomsQuery }) {
  const { sort, order, type, q } = query;
  return (
    <search class="room-search">
      <form id="room-search" action="/dashboard/rooms" method="get">
        <label for="q">
          <span class="visually-hidden">Search by name</span>
        </label>
        <input
          id="q"
          name="q"
          type="search"
          value={q ?? ''}
          maxlength={MAX_SEARCH_LENGTH}
          placeholder="Search by name"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        {type === undefined ? null : <input type="hidden" name="type" value={type} />}
        <input type="hidden" name="sort" value={sort} />
        <input type="hidden" name="order" value={order} />
        <button class="quiet" type="submit">
          Search
        </button>
      </form>
    </search>
  );
}

/** Filters by type, with counts and sizes. */
export function Types({ query, usage }: { query: RoomsQuery; usage: UsageSummary }) {
  const { document, workspace } = usage.byType;
  const choices = [
    { type: undefined, label: 'All', sum: usage },
    { type: 'document', label: 'Documents', sum: document },
    { type: 'workspace', label: 'Workspaces', sum: workspace },
  ] as const;
  return (
    <nav class="types" aria-label="Type of room">
      {choices.map(({ type, label, sum }) => (
        <a
          class={type}
          href={getFirstPagePath(query, { type })}
          aria-current={type === query.type ? 'true' : undefined}
          title={formatExactBytes(sum.storageBytes)}
        >
          {label} <span class="count">{formatCount(sum.instances)}</span>{' '}
          <span class="bytes">{formatBytes(sum.storageBytes)}</span>
        </a>
      ))}
    </nav>
  );
}
