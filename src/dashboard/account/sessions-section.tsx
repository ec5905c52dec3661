import { Ago } from '../ui/figures.tsx';
import { formatExactTime } from '../ui/format.ts';
import type { SessionSummary } from './deps.ts';
import { describeDevice } from './device.ts';

function Session({ session, isThis, now }: { session: SessionSummary; isThis: boolean; now: number }) {
  const device = describeDevice(session.userAgent);
  return (
    <li class="session">
      <div>
        <p class="device">
          <bdi title={session.userAgent === '' ? undefined : (session.userAgent ?? undefined)}>{device}</bdi>
          {isThis ? <span class="badge">This one</span> : null}
        </p>
        <p class="hint">
          {session.ipAddress === null || session.ipAddress === '' ? null : (
            <>
              <span class="ip">{session.ipAddress}</span>
              {' · '}
            </>
          )}
          signed in <Ago then={session.createdAt} now={now} />
          {' · '}
          {isThis ? (
            'used now'
          ) : (
            <>
              last recorded use <Ago then={session.updatedAt} now={now} />
            </>
          )}
        </p>
      </div>
      {isThis ? null : (
        <form method="post" action="/dashboard/account/session">
          <input type="hidden" name="id" value={session.id} />
          <button
            class="quiet"
            type="submit"
            aria-label={`Sign out ${device}, signed in ${formatExactTime(session.createdAt)}`}
          >
            Sign out
          </button>
        </form>
      )}
    </li>
  );
}

/** Updated while the page is open. */
export function SessionsSection(props: {
  sessions: readonly SessionSummary[];
  current: string;
  now: number;
}) {
  const { sessions, current, now } = props;
  const [mine, others] = [
    sessions.filter(({ id }) => id === current),
    sessions.filter(({ id }) => id !== current),
  ];
  return (
    <section class="setting panel" aria-labelledby="sessions-heading" data-live="sessions">
      <div class="about">
        <h2 id="sessions-heading">Sessions</h2>
        <p>Where you are signed in. Signing out a session also closes its connections within seconds.</p>
        {others.length === 0 ? null : (
          <p>Use is recorded at most once a day, so the last use can be later than the last recorded use.</p>
        )}
      </div>
      <div class="controls">
        <ul class="sessions-list">
          {[...mine, ...others].map((session) => (
            <Session session={session} isThis={session.id === current} now={now} />
          ))}
        </ul>
        {others.length === 0 ? (
          <p class="hint">You have no other sessions.</p>
        ) : (
          <form method="post" action="/dashboard/account/others">
            <button class="quiet" type="submit">
              Sign out all others
            </button>
          </form>
        )}
      </div>
    </section>
  );
}
