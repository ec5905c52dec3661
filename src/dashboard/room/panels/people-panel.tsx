import { formatCount, formatCounted } from '../../ui/format.ts';
import type { ShownRoom } from '../deps.ts';
import { Name } from '../../ui/name.tsx';

/** Connected clients. Names and colours come from the clients' awareness. */
export function PeoplePanel({ connected, limits }: Pick<ShownRoom, 'connected' | 'limits'>) {
  const { sockets, people } = connected;
  const unnamed = people.filter(({ name }) => name === null).length;
  return (
    <section class="panel" aria-labelledby="people-heading" data-live="people">
      <h2 id="people-heading" class="panel-head">
        Connected now
      </h2>
      <div class="panel-body">
        <p>
          <strong>{formatCounted(sockets, 'client', 'clients')}</strong>
          <span class="hint">
            {' '}
            of at most {formatCount(limits.maxSockets)}. Read-only pages like this one are not counted.
          </span>
        </p>
        {people.length > unnamed ? (
          <ul class="people">
            {people.map(({ name, color }) =>
              name === null ? null : (
                <li>
                  <svg class="dot" viewBox="0 0 10 10" aria-hidden="true">
                    <circle cx="5" cy="5" r="5" fill={color ?? 'currentColor'} />
                  </svg>
                  <Name name={name} isCut />
                </li>
              ),
            )}
          </ul>
        ) : null}
        {unnamed > 0 ? (
          <p class="hint">{formatCounted(unnamed, 'client has', 'clients have')} no name.</p>
        ) : null}
      </div>
    </section>
  );
}
