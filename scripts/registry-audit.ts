import { parseArgs } from 'node:util';
import { z } from 'zod';
import { cloudflareRest, type CloudflareRest } from './lib/cloudflare-rest.ts';
import { type Compared, compareRegistry, differs, type RegistryRow } from './lib/compare-registry.ts';
import { readDeployConfig } from './lib/deploy-config.ts';
import { printable, printableJson, printableLines } from './lib/printable.ts';
import { readWranglerToml } from './lib/wrangler-toml.ts';

const HELP = `Compares the registry with the objects that Cloudflare lists, and each user's rooms with the history of what he stores.

  npm run registry:audit [-- options]

  --json             the result as JSON on the standard output
  --database-id ID   of the D1 database (default: the one in wrangler.toml)
  --help             this text

It needs CLOUDFLARE_API_TOKEN with the permissions to read Workers scripts and D1, and CLOUDFLARE_ACCOUNT_ID where the
token sees several accounts. It changes nothing.

Ends with 0 where the two agree, 1 where they differ, 2 where they could not be compared.`;

const EXIT_DIFFERS = 1;
const EXIT_FAILED = 2;

const API_ROOT = 'https://api.cloudflare.com/client/v4';
/** The classes of rooms, and the types of their names. */
const CLASSES = { WorkspaceRoom: 'workspace', DocumentRoom: 'document' } as const;
/** Objects of one answer. Source: Cloudflare's API, "List Objects": 1,000 by default, at most 10,000. */
const OBJECTS_A_PAGE = '10000';
const ROWS_A_PAGE = 5_000;
/** Differences of one kind that are shown; `--json` has all. */
const SHOWN = 20;

const Namespace = z.looseObject({
  id: z.string(),
  class: z.string().nullish(),
  script: z.string().nullish(),
});
// Both are optional in Cloudflare's description; without its id an object cannot be compared.
const ListedObject = z.looseObject({ id: z.string(), hasStoredData: z.boolean().default(false) });
const queried = <Row extends z.ZodType>(row: Row) => z.array(z.looseObject({ results: z.array(row) })).min(1);

const ROWS = `SELECT do_name AS doName, do_id AS doId FROM durable_object_instance
  WHERE do_type = ?1 AND do_name > ?2 ORDER BY do_name LIMIT ${ROWS_A_PAGE}`;
/** Deleted and not recreated; the type is the third part of the name. Those that were pruned are counted alone. */
const TOMBSTONES = `SELECT count(*) AS tombstones,
    coalesce((SELECT rooms FROM registry_pruned WHERE do_type = ?1), 0) AS pruned
  FROM registry_tombstone AS gone WHERE do_name LIKE 'user:%:' || ?1 || ':%'
  AND NOT EXISTS (SELECT 1 FROM durable_object_instance AS row WHERE row.do_name = gone.do_name)`;

/**
 * Users whose total, as the last row of their history has it, is not what their rooms come to; in one statement, so as of one
 * moment. Both tables are read once.
 */
const TOTALS = `SELECT user_id AS userId, sum(kept) AS kept, sum(actual) AS actual FROM (
    SELECT user_id, storage_bytes AS kept, 0 AS actual FROM user_storage_day AS row
    WHERE day = (SELECT max(day) FROM user_storage_day WHERE user_id = row.user_id)
    UNION ALL
    SELECT user_id, 0, total(storage_bytes) FROM durable_object_instance GROUP BY user_id
  ) GROUP BY user_id HAVING sum(kept) <> sum(actual) ORDER BY user_id LIMIT ${ROWS_A_PAGE}`;
const WrongTotal = z.object({ userId: z.string(), kept: z.number(), actual: z.number() });
type WrongTotal = z.output<typeof WrongTotal>;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      'database-id': { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const token = process.env['CLOUDFLARE_API_TOKEN'];
  if (!token) throw new Error('CLOUDFLARE_API_TOKEN is not set. See --help.');
  const rest = cloudflareRest({
    root: (process.env['CLOUDFLARE_API_BASE_URL'] ?? API_ROOT).replace(/\/$/, ''),
    token,
    onRetry: (why, delayMs) => report(`Cloudflare ${why}; again in ${delayMs / 1000} s`),
  });
  const config = await readDeployConfig();
  const databaseId = values['database-id'] ?? config.database.id;
  if (databaseId === undefined)
    throw new Error('wrangler.toml has no database_id: deploy first, or give --database-id.');
  const account = `/accounts/${await getAccount(rest, config.accountId)}`;
  const database = `${account}/d1/database/${databaseId}/query`;
  const compared = await compareAll(rest, account, database);
  const wrongTotals = await readWrongTotals(rest, database);
  const equal = !compared.some(differs) && wrongTotals.length === 0;
  const result = { equal, classes: compared, wrongTotals };
  console.log(values.json ? printableJson(result, 2) : tableOf(compared, wrongTotals, equal));
  return equal ? 0 : EXIT_DIFFERS;
}

async function getAccount(rest: CloudflareRest, configured: string | undefined): Promise<string> {
  const given = process.env['CLOUDFLARE_ACCOUNT_ID'] || configured;
  if (given) return given;
  const accounts = await rest.get('/accounts', z.array(z.looseObject({ id: z.string() })));
  const [only] = accounts;
  if (only === undefined || accounts.length > 1) {
    throw new Error(`The token sees ${accounts.length} accounts: set CLOUDFLARE_ACCOUNT_ID.`);
  }
  return only.id;
}

async function compareAll(rest: CloudflareRest, account: string, database: string): Promise<Compared[]> {
  const script = z.string().parse((await readWranglerToml())['name']);
  const path = `${account}/workers/durable_objects/namespaces`;
  const namespaces: z.output<typeof Namespace>[] = [];
  for await (const page of rest.list(path, Namespace)) namespaces.push(...page);
  const compared: Compared[] = [];
  for (const [className, doType] of Object.entries(CLASSES)) {
    const namespace = namespaces.find((one) => one.class === className && one.script === script);
    if (namespace === undefined)
      throw new Error(`The account has no objects of ${script}'s class ${className}.`);
    const rowsBefore = await readRows(rest, database, doType);
    const objects: z.output<typeof ListedObject>[] = [];
    const query = { limit: OBJECTS_A_PAGE };
    for await (const page of rest.list(`${path}/${namespace.id}/objects`, ListedObject, { query })) {
      objects.push(...page);
      report(`${className}: ${objects.length} objects listed`);
    }
    const rowsAfter = await readRows(rest, database, doType);
    const counted = await rest.get(
      database,
      queried(z.object({ tombstones: z.number(), pruned: z.number() })),
      { body: { sql: TOMBSTONES, params: [doType] } },
    );
    const { tombstones, pruned } = counted[0]?.results[0] ?? { tombstones: 0, pruned: 0 };
    compared.push(compareRegistry({ className, objects, rowsBefore, rowsAfter, tombstones, pruned }));
  }
  return compared;
}

async function readRows(rest: CloudflareRest, database: string, doType: string): Promise<RegistryRow[]> {
  const rows: RegistryRow[] = [];
  const Page = queried(z.object({ doName: z.string(), doId: z.string() }));
  for (;;) {
    const body = { sql: ROWS, params: [doType, rows.at(-1)?.doName ?? ''] };
    const page = (await rest.get(database, Page, { body }))[0]?.results ?? [];
    rows.push(...page);
    report(`${doType}: ${rows.length} rows read`);
    if (page.length < ROWS_A_PAGE) return rows;
  }
}

async function readWrongTotals(rest: CloudflareRest, database: string): Promise<readonly WrongTotal[]> {
  const body = { sql: TOTALS, params: [] };
  const found = (await rest.get(database, queried(WrongTotal), { body }))[0]?.results ?? [];
  report(`history: ${found.length} totals differ`);
  return found;
}

function tableOf(compared: readonly Compared[], wrongTotals: readonly WrongTotal[], equal: boolean): string {
  const heads = [
    'class',
    'objects',
    'rows',
    'ghosts',
    'without a row',
    'tombstones',
    'pruned',
    'missing at least',
  ];
  const lines = compared.map((one) =>
    [
      one.className,
      one.objects,
      one.rows,
      one.ghosts.length,
      one.withoutRow.length,
      one.tombstones,
      one.pruned,
      one.missingAtLeast,
    ]
      .map((cell, column) => String(cell).padEnd(heads[column]?.length ?? 0))
      .join('  '),
  );
  const ghosts = compared.flatMap((one) =>
    one.ghosts.map(({ doName, doId, why }) => `ghost  ${printable(doName)}  ${doId}  ${why}`),
  );
  const others = compared.flatMap((one) =>
    one.withoutRow.map((id) => `without a row  ${one.className}  ${id}`),
  );
  const totals = wrongTotals.map(
    ({ userId, kept, actual }) => `wrong total  ${printable(userId)}  history ${kept}  rooms ${actual}`,
  );
  const shown = [ghosts, others, totals].flatMap((kind) => [
    ...kind.slice(0, SHOWN),
    ...(kind.length > SHOWN ? [`and ${kind.length - SHOWN} more; --json has all`] : []),
  ]);
  const classWidth = Math.max(...compared.map(({ className }) => className.length));
  const head = heads.map((name, column) => (column === 0 ? name.padEnd(classWidth) : name)).join('  ');
  const aligned = lines.map((line, row) => {
    const { className } = compared[row] ?? { className: '' };
    return className.padEnd(classWidth) + line.slice(Math.max(className.length, 'class'.length));
  });
  return [head, ...aligned, ...shown, equal ? 'The registry agrees.' : 'The registry differs.'].join('\n');
}

/** Progress: beside the result, not in it. */
function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(printableLines(error instanceof Error ? error.message : String(error)));
  process.exitCode = EXIT_FAILED;
}
