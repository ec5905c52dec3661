import { Bytes, Figure } from '../ui/figures.tsx';
import { formatChange, formatCount, formatCounted, formatExactBytes } from '../ui/format.ts';
import { type DayTotal, IDLE_DAYS, type Overview } from './deps.ts';
import { getGrowth } from './growth.ts';

const GROWTH_DAYS = [7, 30] as const;

function Growth({ days }: { days: readonly DayTotal[] }) {
  const known = GROWTH_DAYS.flatMap((count) => {
    const bytes = getGrowth(days, count);
    return bytes === null ? [] : [{ count, bytes }];
  });
  if (known.length === 0) return null;
  return (
    <>
      {known.map(({ count, bytes }) => (
        <span class="growth">
          <data
            class={bytes > 0 ? 'more' : bytes < 0 ? 'less' : 'same'}
            value={String(bytes)}
            title={`${bytes < 0 ? '\u2212' : ''}${formatExactBytes(Math.abs(bytes))}`}
          >
            {formatChange(bytes)}
          </data>{' '}
          in {count} days
        </span>
      ))}
    </>
  );
}

export function OverviewFigures({ usage, idle, days }: Pick<Overview, 'usage' | 'idle' | 'days'>) {
  const { document, workspace } = usage.byType;
  const unmeasured = usage.unmeasured === 0 ? undefined : `${formatCount(usage.unmeasured)} not measured yet`;
  return (
    <dl class="figures five">
      <Figure label="Stored" note={<Growth days={days} />}>
        <Bytes bytes={usage.storageBytes} />
      </Figure>
      <Figure label="Rooms" note={unmeasured}>
        {formatCount(usage.instances)}
      </Figure>
      <Figure label="Documents" note={formatCounted(document.instances, 'document', 'documents')}>
        <Bytes bytes={document.storageBytes} />
      </Figure>
      <Figure label="Workspaces" note={formatCounted(workspace.instances, 'workspace', 'workspaces')}>
        <Bytes bytes={workspace.storageBytes} />
      </Figure>
      <Figure
        label={`Not used for ${IDLE_DAYS} days`}
        note={
          idle.instances === 0 ? undefined : (
            <>
              <Bytes bytes={idle.storageBytes} /> in them
            </>
          )
        }
      >
        {formatCount(idle.instances)} <span class="unit">{idle.instances === 1 ? 'room' : 'rooms'}</span>
      </Figure>
    </dl>
  );
}
