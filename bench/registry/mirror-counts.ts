import { INSTANCE_COLUMNS } from '../../src/registry/changes/columns.ts';
import { type MeasuredWorker, sql, timed, withClient } from './mirror-measures.ts';

const COLUMNS = INSTANCE_COLUMNS.map(({ column }) => column);
/** A plus makes SQLite read columns that cannot be null, too; without it, it counts rows and looks at no column. */
const COUNT_D1 = `SELECT ${COLUMNS.map((column) => `count(+${column}) AS ${column}`).join()} FROM durable_object_instance`;
const COUNT = `SELECT ${COLUMNS.map((column) => `count(${column}) AS ${column}`).join()} FROM durable_object_instance`;

/** @returns the seconds of both sides, one after the other */
export async function countWhole(worker: MeasuredWorker, url: string): Promise<number> {
  // The fastest of three: the first run after many writes also cleans up.
  const inD1 = await fastest(async () => {
    const [count] = await sql(worker, [COUNT_D1, []]);
    return (count?.meta.duration ?? Number.NaN) / 1000;
  });
  return inD1 + (await withClient(url, (client) => fastest(() => timed(() => client.query(COUNT)))));
}

/** @returns the seconds of both sides, one after the other */
export async function countInRanges(worker: MeasuredWorker, url: string, rangeRows: number): Promise<number> {
  const counts = COLUMNS.map((column) => `count(+${column})`).join('+');
  const inD1 = `SELECT ${counts} AS n, max(do_name) AS last
    FROM (SELECT * FROM durable_object_instance WHERE do_name > ?1 ORDER BY do_name LIMIT ?2)`;
  const inPostgres = `select ${counts.replaceAll('(+', '(')} from durable_object_instance where do_name > $1 and do_name <= $2`;
  return withClient(url, async (client) => {
    let seconds = 0;
    for (let from = ''; ;) {
      const [range] = await sql(worker, [inD1, [from, rangeRows]]);
      const to = range?.first?.['last'];
      if (typeof to !== 'string') return seconds;
      const start = from;
      seconds +=
        (range?.meta.duration ?? 0) / 1000 + (await timed(() => client.query(inPostgres, [start, to])));
      from = to;
    }
  });
}

async function fastest(measure: () => Promise<number>): Promise<number> {
  return Math.min(await measure(), await measure(), await measure());
}
