import { Bytes } from '../ui/figures.tsx';
import { formatBytes, formatChange, formatDay } from '../ui/format.ts';
import { type DayTotal, TREND_DAYS } from './deps.ts';
import { getAxisEnd } from './scale.ts';

/** The chart and the labels below its axis, in pixels. */
const HEIGHT = 300;
const LABELS_HEIGHT = 26;
const PLOT_HEIGHT = HEIGHT - LABELS_HEIGHT;

/** A day with the change since the previous day. */
interface Bar extends DayTotal {
  readonly change: number | null;
}

function createBars(days: readonly DayTotal[]): Bar[] {
  return days.slice(-TREND_DAYS).map((day, index, shown) => {
    const before = days[days.length - shown.length + index - 1]?.storageBytes ?? null;
    const { storageBytes } = day;
    return { ...day, change: before === null || storageBytes === null ? null : storageBytes - before };
  });
}

/** SVG paths with a step per day; y is a percentage of the axis. */
function createOutline(bars: readonly Bar[], end: number): { area: string; line: string } {
  let area = '';
  let line = '';
  let isDrawing = false;
  for (const [index, { storageBytes }] of bars.entries()) {
    if (storageBytes === null) {
      isDrawing = false;
      continue;
    }
    const y = (100 - (storageBytes / end) * 100).toFixed(2);
    line += `${isDrawing ? 'L' : 'M'}${index},${y}H${index + 1}`;
    area += `M${index},100V${y}H${index + 1}V100Z`;
    isDrawing = true;
  }
  return { area, line };
}

const describeBar = ({ day, storageBytes, change }: Bar): string =>
  storageBytes === null
    ? `${formatDay(day)}: not known`
    : `${formatDay(day)}: ${formatBytes(storageBytes)}${change === null || change === 0 ? '' : `, ${formatChange(change)}`}`;

/** Hidden from screen readers: the table below it has the same content. */
function Chart({ bars }: { bars: readonly Bar[] }) {
  const end = getAxisEnd(Math.max(1, ...bars.map(({ storageBytes }) => storageBytes ?? 0)));
  const { area, line } = createOutline(bars, end);
  const at = (share: number) => PLOT_HEIGHT * (1 - share);
  const across = (index: number) => `${((index / bars.length) * 100).toFixed(2)}%`;
  const [first, last] = [bars[0], bars.at(-1)];
  const middle = bars[Math.floor(bars.length / 2)];
  return (
    <svg class="trend" width="100%" height={HEIGHT} aria-hidden="true">
      <svg width="100%" height={PLOT_HEIGHT} viewBox={`0 0 ${bars.length} 100`} preserveAspectRatio="none">
        <path class="area" d={area} />
        <path class="line" d={line} />
      </svg>
      {[0, 0.5, 1].map((share) => (
        <>
          <line class="grid" x2="100%" y1={at(share) + 0.5} y2={at(share) + 0.5} />
          {share === 0 ? null : (
            <text x="0" y={at(share) + 14}>
              {formatBytes(end * share).replace('.0 ', ' ')}
            </text>
          )}
        </>
      ))}
      {first === undefined ? null : (
        <text x="0" y={HEIGHT - 8}>
          {formatDay(first.day)}
        </text>
      )}
      {middle === undefined ? null : (
        <text x="50%" y={HEIGHT - 8} text-anchor="middle">
          {formatDay(middle.day)}
        </text>
      )}
      {last === undefined ? null : (
        <text x="100%" y={HEIGHT - 8} text-anchor="end">
          today
        </text>
      )}
      {bars.map((bar, index) => (
        <rect class="day" x={across(index)} width={across(1)} height={PLOT_HEIGHT}>
          <title>{describeBar(bar)}</title>
        </rect>
      ))}
    </svg>
  );
}

function TrendTable({ bars }: { bars: readonly Bar[] }) {
  return (
    <details id="trend-table" class="as-table">
      <summary>The same as a table</summary>
      <div class="scrolled" tabindex={0} role="region" aria-label="The last 30 days, as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              <th scope="col" class="number">
                Stored at its end
              </th>
              <th scope="col" class="number">
                Change
              </th>
            </tr>
          </thead>
          <tbody>
            {bars.toReversed().map(({ day, storageBytes, change }) => (
              <tr>
                <th scope="row">
                  <time datetime={day}>{formatDay(day)}</time>
                </th>
                {storageBytes === null ? (
                  <td class="number">not known</td>
                ) : (
                  <td class="number">
                    <Bytes bytes={storageBytes} />
                  </td>
                )}
                <td class="number">{change === null ? '' : formatChange(change)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** The stored bytes per day, as a chart and as a table. */
export function Trend({ days }: { days: readonly DayTotal[] }) {
  const bars = createBars(days);
  const begins = bars.find(({ storageBytes }) => storageBytes !== null);
  const isYoung = begins !== undefined && begins !== bars[0];
  return (
    <section class="panel picture" aria-labelledby="trend-heading">
      <div class="picture-head">
        <h2 id="trend-heading">Last {TREND_DAYS} days</h2>
        {isYoung ? <p class="aside">kept since {formatDay(begins.day)}</p> : null}
      </div>
      {begins === undefined ? (
        <p class="nothing">Nothing has been measured yet. The history begins with the first size.</p>
      ) : (
        <>
          <Chart bars={bars} />
          <TrendTable bars={bars} />
        </>
      )}
    </section>
  );
}
