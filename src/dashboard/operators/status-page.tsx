import { Ago, AsOf } from '../ui/figures.tsx';
import { formatCount, formatCountOf } from '../ui/format.ts';
import type { Health, MirrorStatus, Status } from './deps.ts';
import { ErasuresTable } from './erasures.tsx';
import { OPERATORS_PATH } from './frame.tsx';

/** What a run came to, by the code in the address. */
const DONE = {
  incremental: 'The incremental pass ran. What it came to is below.',
  reconcile: 'The reconcile pass ran. What it came to is below.',
  behind: 'The mirror is behind: run the incremental pass until nothing is left, then reconcile.',
  failed: 'The run failed, and the next one continues it. Why is below.',
  off: 'The mirror is off: the Worker has no HYPERDRIVE binding.',
} as const;
export type Ran = keyof typeof DONE;
export const isRan = (code: string | undefined): code is Ran =>
  code !== undefined && Object.hasOwn(DONE, code);

function Lag({ mirror, now }: { mirror: MirrorStatus; now: number }) {
  const { lagRows, behindSince } = mirror;
  if (lagRows === null) return <>unknown</>;
  if (lagRows === 0) return <span class="well">nothing</span>;
  return (
    <>
      {formatCountOf(lagRows, 'change', 'changes')}
      {behindSince === null ? null : (
        <>
          , the oldest from <Ago then={behindSince} now={now} />
        </>
      )}
    </>
  );
}

/** A success clears the error of the run before it (mirror/status.ts). */
function LastRun({ mirror, now }: { mirror: MirrorStatus; now: number }) {
  const { lastSuccessAt, lastError } = mirror;
  const at = lastError === null ? lastSuccessAt : lastError.at;
  if (lastError === null && at === null) return <>never</>;
  return (
    <>
      {at === null ? null : (
        <>
          <Ago then={at} now={now} />,{' '}
        </>
      )}
      {lastError === null ? <span class="well">succeeded</span> : <span class="ill">failed</span>}
    </>
  );
}

function Reconcile({ last, now }: { last: MirrorStatus['lastReconcile']; now: number }) {
  if (last === null) return <>never</>;
  const { finishedAt, startedAt, compared, missing, extra, different, repaired } = last;
  const wrong = missing + extra + different;
  return (
    <>
      {finishedAt === null ? (
        <>
          under way since <Ago then={startedAt} now={now} />
        </>
      ) : (
        <Ago then={finishedAt} now={now} />
      )}
      {`: ${formatCountOf(compared, 'row', 'rows')} compared, `}
      {wrong === 0 ? (
        <span class="well">no difference</span>
      ) : (
        `${formatCount(missing)} missing, ${formatCount(different)} different, ${formatCount(extra)} too many, ${formatCount(repaired)} repaired`
      )}
    </>
  );
}

function RunNow({ pass, title }: { pass: string; title: string }) {
  return (
    <form method="post" action={`${OPERATORS_PATH}/mirror/run`}>
      <input type="hidden" name="pass" value={pass} />
      <button class="quiet" type="submit">
        {title}
      </button>
    </form>
  );
}

function Mirror({ mirror, now }: { mirror: MirrorStatus; now: number }) {
  const { lastSuccessAt, lastError } = mirror;
  return (
    <section class="panel facts" aria-labelledby="mirror-heading">
      <h2 id="mirror-heading">Mirror</h2>
      {mirror.enabled ? (
        <>
          <dl>
            <dt>Not copied yet</dt>
            <dd>
              <Lag mirror={mirror} now={now} />
            </dd>
            <dt>Last run</dt>
            <dd>
              <LastRun mirror={mirror} now={now} />
            </dd>
            <dt>Last success</dt>
            <dd>{lastSuccessAt === null ? 'never' : <Ago then={lastSuccessAt} now={now} />}</dd>
            <dt>Copied through</dt>
            <dd>
              change {mirror.checkpointSeq === null ? '–' : formatCount(mirror.checkpointSeq)} of{' '}
              {formatCount(mirror.latestSeq)}
            </dd>
            <dt>Last error</dt>
            <dd>
              {lastError === null ? (
                'none since the last success'
              ) : (
                <>
                  {lastError.at === null ? null : <Ago then={lastError.at} now={now} />}
                  <span class="ill detail">{lastError.message}</span>
                </>
              )}
            </dd>
            <dt>Last reconcile</dt>
            <dd>
              <Reconcile last={mirror.lastReconcile} now={now} />
            </dd>
          </dl>
          <div class="actions">
            <RunNow pass="incremental" title="Copy changes now" />
            <RunNow pass="reconcile" title="Reconcile now" />
          </div>
        </>
      ) : (
        <p class="hint">
          Off: the Worker has no <code>HYPERDRIVE</code> binding. Everything else works without it.
        </p>
      )}
    </section>
  );
}

function HealthFacts({ health, now }: { health: Health; now: number }) {
  const { sessionsToEndSince, erasuresUnderWay, erasingSince } = health;
  return (
    <section class="panel facts" aria-labelledby="health-heading">
      <h2 id="health-heading">Health</h2>
      <dl>
        <dt>D1</dt>
        {/* The page could not be read otherwise. */}
        <dd>
          <span class="well">reachable</span>
        </dd>
        <dt>Ended sessions</dt>
        <dd>
          {sessionsToEndSince === null ? (
            <span class="well">none waits for its sockets to be closed</span>
          ) : (
            <>
              sockets to close, asked for <Ago then={sessionsToEndSince} now={now} />
            </>
          )}
        </dd>
        <dt>Erasures</dt>
        <dd>
          {erasuresUnderWay === 0 ? (
            <span class="well">none under way</span>
          ) : (
            <>
              {formatCount(erasuresUnderWay)} under way
              {erasingSince === null ? null : (
                <>
                  , the oldest asked for <Ago then={erasingSince} now={now} />
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

/** How the deployment is. Its regions are replaced while the page is open. */
export function StatusPage({ status, ran, now }: { status: Status; ran: Ran | null; now: number }) {
  return (
    <>
      <div class="heading" data-live="heading">
        <h1>Status</h1>
        <AsOf now={now} />
      </div>
      {ran === null ? null : (
        <p class="notice" role="status">
          {DONE[ran]}
        </p>
      )}
      <div class="two" data-live="status">
        <Mirror mirror={status.mirror} now={now} />
        <HealthFacts health={status.health} now={now} />
      </div>
      <section class="panel" aria-labelledby="erasures-heading" data-live="erasures">
        <h2 id="erasures-heading" class="panel-title">
          Latest erasures
        </h2>
        {status.erasures.length === 0 ? (
          <p class="nothing inset">No account was erased yet.</p>
        ) : (
          <ErasuresTable labelledby="erasures-heading" erasures={status.erasures} now={now} />
        )}
      </section>
    </>
  );
}
