import { Ago } from '../ui/figures.tsx';
import { formatCount, formatCounted } from '../ui/format.ts';
import type { MirrorStatus } from './deps.ts';
import { OPERATORS_PATH } from './frame.tsx';

function Lag({ mirror, now }: { mirror: MirrorStatus; now: number }) {
  const { lagRows, behindSince } = mirror;
  if (lagRows === null) return <>unknown</>;
  if (lagRows === 0) return <span class="well">nothing</span>;
  return (
    <>
      {formatCounted(lagRows, 'change', 'changes')}
      {behindSince === null ? null : (
        <>
          , the oldest from <Ago then={behindSince} now={now} />
        </>
      )}
    </>
  );
}

/** A success clears the error of the previous run (mirror/status.ts). */
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
          running since <Ago then={startedAt} now={now} />
        </>
      ) : (
        <Ago then={finishedAt} now={now} />
      )}
      {`: ${formatCounted(compared, 'row', 'rows')} compared, `}
      {wrong === 0 ? (
        <span class="well">no difference</span>
      ) : (
        `${formatCount(missing)} missing, ${formatCount(different)} different, ${formatCount(extra)} extra, ${formatCount(repaired)} repaired`
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

export function MirrorPanel({ mirror, now }: { mirror: MirrorStatus; now: number }) {
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
