import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readWranglerToml } from './wrangler-toml.ts';
import { PROJECT_ROOT } from './project.ts';

const WRANGLER_TOML = path.join(PROJECT_ROOT, 'wrangler.toml');
/** The binding that the Worker reads (src/domain/env.ts). */
const D1_BINDING = 'DB';
const HYPERDRIVE_BINDING = 'HYPERDRIVE';

const Database = z.looseObject({
  binding: z.string(),
  database_name: z.string(),
  database_id: z.string().optional(),
});
const WranglerToml = z.looseObject({
  name: z.string(),
  account_id: z.string().optional(),
  route: z.unknown().optional(),
  routes: z.array(z.unknown()).optional(),
  d1_databases: z.array(Database),
  hyperdrive: z.array(z.looseObject({ binding: z.string(), id: z.string() })).optional(),
});

/** Settings of wrangler.toml for a deployment. */
export interface DeployConfig {
  readonly workerName: string;
  /** Whether the Worker has routes or custom domains. */
  readonly hasRoutes: boolean;
  readonly accountId: string | undefined;
  readonly database: {
    readonly name: string;
    /** `undefined` before the first deployment. */
    readonly id: string | undefined;
  };
  /** `undefined`: the mirror is off. */
  readonly hyperdriveId: string | undefined;
}

/** @throws a readable `Error` if wrangler.toml does not fit */
export async function readDeployConfig(): Promise<DeployConfig> {
  const parsed = WranglerToml.safeParse(await readWranglerToml());
  if (!parsed.success) throw new Error(`wrangler.toml cannot be used:\n${z.prettifyError(parsed.error)}`);
  const { name, account_id, route, routes = [], d1_databases, hyperdrive = [] } = parsed.data;
  const database = d1_databases.find(({ binding }) => binding === D1_BINDING);
  if (database === undefined) throw new Error(`wrangler.toml has no D1 database with binding ${D1_BINDING}.`);
  return {
    workerName: name,
    hasRoutes: route !== undefined || routes.length > 0,
    accountId: account_id,
    // wrangler treats an empty id as missing.
    database: { name: database.database_name, id: database.database_id || undefined },
    hyperdriveId: hyperdrive.find(({ binding }) => binding === HYPERDRIVE_BINDING)?.id,
  };
}

/**
 * Writes the id of the D1 database into wrangler.toml. Changes only that line, reads the file back, and restores it if
 * anything else changed.
 * @throws a readable `Error`
 */
export async function writeDatabaseId(id: string): Promise<void> {
  const byHand = `Add database_id = "${id}" next to binding = "${D1_BINDING}", then run this command again.`;
  const before = await readFile(WRANGLER_TOML, 'utf8');
  const meaning = await readWranglerToml();
  const after = withDatabaseId(before, id);
  if (after === undefined) throw new Error(`The layout of wrangler.toml is not supported. ${byHand}`);
  await writeFile(WRANGLER_TOML, after);
  if (await changesOnlyId(meaning, id)) return;
  await writeFile(WRANGLER_TOML, before);
  throw new Error(`The layout of wrangler.toml is not supported. The file was not changed. ${byHand}`);
}

/** Whether the file has this id and is otherwise equal. */
async function changesOnlyId(before: Record<string, unknown>, id: string): Promise<boolean> {
  try {
    const after = await readWranglerToml();
    const { database } = await readDeployConfig();
    return database.id === id && isDeepStrictEqual(withId(after, id), withId(before, id));
  } catch {
    // The file is not valid TOML.
    return false;
  }
}

function withId(raw: Record<string, unknown>, id: string): Record<string, unknown> {
  const databases = WranglerToml.parse(raw).d1_databases;
  return {
    ...raw,
    d1_databases: databases.map((database) =>
      database.binding === D1_BINDING ? { ...database, database_id: id } : database,
    ),
  };
}

/** @returns `undefined` without a `[[d1_databases]]` block of the binding */
function withDatabaseId(toml: string, id: string): string | undefined {
  const lines = toml.split('\n');
  const block = findBlocks(lines).find(
    (numbers) => findLine(lines, numbers, 'binding', D1_BINDING) !== undefined,
  );
  if (block === undefined) return undefined;
  const present = findLine(lines, block, 'database_id');
  const above = present ?? findLine(lines, block, 'database_name') ?? findLine(lines, block, 'binding');
  const model = above === undefined ? undefined : lines[above];
  if (above === undefined || model === undefined) return undefined;
  const indentation = /^\s*/.exec(model)?.[0] ?? '';
  const line = `${indentation}database_id = "${id}"${model.endsWith('\r') ? '\r' : ''}`;
  return lines.toSpliced(present ?? above + 1, present === undefined ? 0 : 1, line).join('\n');
}

/** Line numbers of each `[[d1_databases]]` block. */
function findBlocks(lines: readonly string[]): number[][] {
  const blocks: number[][] = [];
  let isInside = false;
  for (const [number, line] of lines.entries()) {
    if (/^\s*\[/.test(line)) {
      isInside = /^\s*\[\[\s*d1_databases\s*\]\]/.test(line);
      if (isInside) blocks.push([]);
    } else if (isInside) blocks.at(-1)?.push(number);
  }
  return blocks;
}

/** The line that sets `key`, or sets it to `value`. */
function findLine(
  lines: readonly string[],
  among: readonly number[],
  key: string,
  value?: string,
): number | undefined {
  const setsKey = new RegExp(`^\\s*${key}\\s*=\\s*["']([^"']*)["']`);
  return among.find((number) => {
    const found = setsKey.exec(lines[number] ?? '');
    return found !== null && (value === undefined || found[1] === value);
  });
}
