import { Ago, ReadAt } from '../ui/figures.tsx';
import { Name } from '../ui/name.tsx';
import { formatCount } from '../ui/format.ts';
import type { ErasureSummary, ErasureTrail, Page } from './deps.ts';
import { getErasurePath, OPERATORS_PATH } from './frame.tsx';
import { Count, Label, DataTable, Pages } from './data-table.tsx';

const REQUESTED_BY: Readonly<Record<string, string>> = {
  user: 'the user',
  operator: 'an operator',
  database: 'the database, by hand',
};
const STATES = { requested: 'requested', running: 'running', finished: 'finished' } as const;

function State({ state }: Pick<ErasureSummary, 'state'>) {
  return <span class={state === 'finished' ? 'well' : 'busy'}>{STATES[state]}</span>;
}

export function ErasuresTable(props: {
  labelledby: string;
  erasures: readonly ErasureSummary[];
  now: number;
}) {
  return (
    <DataTable
      labelledby={props.labelledby}
      columns={[
        { title: 'Erasure' },
        { title: 'State', place: 'beside' },
        { title: 'Requested', place: 'third' },
        { title: 'By', place: 'second' },
        { title: 'Rooms', place: 'second-end', isNumber: true },
        { title: 'Failures', place: 'third-end', isNumber: true },
      ]}
      rows={props.erasures.map((erasure) => [
        <a href={getErasurePath(erasure.id)}>
          <code>{erasure.id.slice(0, 8)}</code>
        </a>,
        <State state={erasure.state} />,
        <>
          <Label>requested </Label>
          <Ago then={erasure.requestedAt} now={props.now} />
        </>,
        <>
          <Label>by </Label>
          {REQUESTED_BY[erasure.requestedBy] ?? erasure.requestedBy}
        </>,
        <>
          {formatCount(erasure.roomsErased)} of <Count count={erasure.roomsFound} one="room" many="rooms" />
        </>,
        <Count count={erasure.failures} one="failure" many="failures" isExtra />,
      ])}
    />
  );
}

export function ErasuresPage(props: { page: Page<ErasureSummary>; cursor: string | undefined; now: number }) {
  const { page, cursor, now } = props;
  return (
    <>
      <div class="heading">
        <h1 id="erasures-heading">Erasures</h1>
        <ReadAt now={now} />
      </div>
      {page.rows.length === 0 ? (
        <p class="panel nothing inset">No account has been erased.</p>
      ) : (
        <section class="panel" aria-labelledby="erasures-heading">
          <ErasuresTable labelledby="erasures-heading" erasures={page.rows} now={now} />
          <Pages
            path={`${OPERATORS_PATH}/erasures`}
            label="Pages of erasures"
            cursor={cursor}
            nextCursor={page.nextCursor}
          />
        </section>
      )}
    </>
  );
}

/** One erasure with its audit trail, which contains no name and no address. */
export function TrailPage({ trail, now }: { trail: ErasureTrail; now: number }) {
  const { finishedAt, lastHeardAt } = trail;
  return (
    <>
      <div class="heading" data-live="heading">
        <h1>Erasure</h1>
        <ReadAt now={now} />
      </div>
      <div class="two trail" data-live="trail">
        <section class="panel facts" aria-labelledby="facts-heading">
          <h2 id="facts-heading">Details</h2>
          <dl>
            <dt>State</dt>
            <dd>
              <State state={trail.state} />
            </dd>
            <dt>Requested</dt>
            <dd>
              <Ago then={trail.requestedAt} now={now} /> by{' '}
              {REQUESTED_BY[trail.requestedBy] ?? trail.requestedBy}
            </dd>
            <dt>Last progress</dt>
            <dd>{lastHeardAt === null ? 'never' : <Ago then={lastHeardAt} now={now} />}</dd>
            <dt>Finished</dt>
            <dd>{finishedAt === null ? 'not yet' : <Ago then={finishedAt} now={now} />}</dd>
            <dt>Rooms</dt>
            <dd>
              {formatCount(trail.roomsErased)} erased of {formatCount(trail.roomsFound)}
            </dd>
            <dt>Sockets closed</dt>
            <dd>{formatCount(trail.sockets)}</dd>
            <dt>Failed attempts</dt>
            <dd>{formatCount(trail.failures)}</dd>
            <dt>User</dt>
            <dd>
              <code>
                <Name name={trail.userId} />
              </code>
            </dd>
            <dt>Id</dt>
            <dd>
              <code>{trail.id}</code>
            </dd>
          </dl>
        </section>
        <section class="panel" aria-labelledby="steps-heading">
          <h2 id="steps-heading" class="panel-title">
            Steps
          </h2>
          {trail.steps.length === 0 ? (
            <p class="nothing inset">None yet.</p>
          ) : (
            <DataTable
              labelledby="steps-heading"
              columns={[
                { title: 'Step' },
                { title: 'Result', place: 'second' },
                { title: 'When', place: 'second-end' },
                { title: 'Count', place: 'beside', isNumber: true },
              ]}
              rows={trail.steps.map((step) => [
                `${step.number}. ${step.what}`,
                <>
                  <span class={step.result === 'done' ? 'well' : 'ill'}>{step.result}</span>
                  {step.detail === null ? null : <span class="detail">{step.detail}</span>}
                </>,
                <Ago then={step.at} now={now} />,
                formatCount(step.count),
              ])}
            />
          )}
        </section>
      </div>
    </>
  );
}
