import { Ago, ReadAt } from '../ui/figures.tsx';
import { formatCount } from '../ui/format.ts';
import type { Health, Status } from './deps.ts';
import { ErasuresTable } from './erasures.tsx';
import { MirrorPanel } from './mirror-panel.tsx';

/** Messages by the code in the address. */
const MIRROR_OUTCOMES = {
  incremental: 'The incremental pass has run. Its result is below.',
  reconcile: 'The reconcile pass has run. Its result is below.',
  behind: 'The mirror is behind. Run the incremental pass until it is current, then reconcile.',
  failed: 'The run failed. The next run continues. The error is below.',
  off: 'The mirror is off: the Worker has no HYPERDRIVE binding.',
} as const;
export type MirrorOutcome = keyof typeof MIRROR_OUTCOMES;
export const isMirrorOutcome = (code: string | undefined): code is MirrorOutcome =>
  code !== undefined && Object.hasOwn(MIRROR_OUTCOMES, code);

function HealthFacts({ health, now }: { health: Health; now: number }) {
  const { sessionsToEndSince, erasuresUnderWay, erasingSince } = health;
  return (
    <section class="panel facts" aria-labelledby="health-heading">
      <h2 id="health-heading">Health</h2>
      <dl>
        <dt>D1</dt>
        {/* Without D1 this page is not rendered. */}
        <dd>
          <span class="well">reachable</span>
        </dd>
        <dt>Ended sessions</dt>
        <dd>
          {sessionsToEndSince === null ? (
            <span class="well">all sockets are closed</span>
          ) : (
            <>
              sockets to close, requested <Ago then={sessionsToEndSince} now={now} />
            </>
          )}
        </dd>
        <dt>Erasures</dt>
        <dd>
          {erasuresUnderWay === 0 ? (
            <span class="well">none running</span>
          ) : (
            <>
              {formatCount(erasuresUnderWay)} running
              {erasingSince === null ? null : (
                <>
                  , the oldest requested <Ago then={erasingSince} now={now} />
                </>
              )}
            </>
          )}
        </dd>
        {Object.entries(health.settings).map(([setting, isSet]) => (
          <>
            <dt>{setting}</dt>
            <dd>{isSet ? 'configured' : 'not configured'}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

/** Regions are updated while the page is open. */
export function StatusPage({
  status,
  outcome,
  now,
}: {
  status: Status;
  outcome: MirrorOutcome | null;
  now: number;
}) {
  return (
    <>
      <div class="heading" data-live="heading">
        <h1>Status</h1>
        <ReadAt now={now} />
      </div>
      {outcome === null ? null : (
        <p class="notice" role="status">
          {MIRROR_OUTCOMES[outcome]}
        </p>
      )}
      <div class="two" data-live="status">
        <MirrorPanel mirror={status.mirror} now={now} />
        <HealthFacts health={status.health} now={now} />
      </div>
      <section class="panel" aria-labelledby="erasures-heading" data-live="erasures">
        <h2 id="erasures-heading" class="panel-title">
          Latest erasures
        </h2>
        {status.erasures.length === 0 ? (
          <p class="nothing inset">No account has been erased.</p>
        ) : (
          <ErasuresTable labelledby="erasures-heading" erasures={status.erasures} now={now} />
        )}
      </section>
    </>
  );
}
