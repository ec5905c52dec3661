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

/** What a deployment must know of wrangler.toml. */
export interface DeployConfig {
  readonly workerName: string;
  /** Whether it answers at routes or custom domains of its own. */
  readonly hasRoutes: boolean;
  readonly accountId: string | undefined;
  readonly database: {
    readonly name: string;
    /** `undefined` before the first deployment. */
    readonly id: string | undefined;
  };
  /** Of the Hyperdrive configuration; `undefined` where the mirror is off. */
  readonly hyperdriveId: string | undefined;
}

/** @throws an `Error` for people where wrangler.toml is not what a deployment needs */
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
    // An empty one is none, for wrangler too.
    database: { name: database.database_name, id: database.database_id || undefined },
    hyperdriveId: hyperdrive.find(({ binding }) => binding === HYPERDRIVE_BINDING)?.id,
  };
}

/**
 * Writes the D1 database's id into wrangler.toml and changes nothing else of it: not a comment, not a space. What comes
 * out is read back, and the file left as it was where it means anything else.
 * @throws an `Error` for people
 */
export async function writeDatabaseId(id: string): Promise<void> {
  const byHand = `Write database_id = "${id}" into it, beside binding = "${D1_BINDING}", and run this again.`;
  const before = await readFile(WRANGLER_TOML, 'utf8');
  const meaning = await readWranglerToml();
  const after = withDatabaseId(before, id);
  if (after === undefined) throw new Error(`wrangler.toml is laid out in an unknown way. ${byHand}`);
  await writeFile(WRANGLER_TOML, after);
  if (await saysTheSameBut(meaning, id)) return;
  await writeFile(WRANGLER_TOML, before);
  throw new Error(`wrangler.toml is laid out in an unknown way and was left as it was. ${byHand}`);
}

/** Whether wrangler.toml has this id now, and means the same as before in all else. */
async function saysTheSameBut(before: Record<string, unknown>, id: string): Promise<boolean> {
  try {
    const after = await readWranglerToml();
    const { database } = await readDeployConfig();
    return database.id === id && isDeepStrictEqual(withId(after, id), withId(before, id));
  } catch {
    // It is no TOML any more, which is what was asked.
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

/** @returns `undefined` where there is no `[[d1_databases]]` block of the binding */
function withDatabaseId(toml: string, id: string): string | undefined {
  const lines = toml.split('\n');
  const block = blocksOf(lines).find(
    (numbers) => lineOf(lines, numbers, 'binding', D1_BINDING) !== undefined,
  );
  if (block === undefined) return undefined;
  const present = lineOf(lines, block, 'database_id');
  const above = present ?? lineOf(lines, block, 'database_name') ?? lineOf(lines, block, 'binding');
  const model = above === undefined ? undefined : lines[above];
  if (above === undefined || model === undefined) return undefined;
  const indentation = /^\s*/.exec(model)?.[0] ?? '';
  const line = `${indentation}database_id = "${id}"${model.endsWith('\r') ? '\r' : ''}`;
  return lines.toSpliced(present ?? above + 1, present === undefined ? 0 : 1, line).join('\n');
}

/** The numbers of the lines of each `[[d1_databases]]` block. */
function blocksOf(lines: readonly string[]): number[][] {
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

/** Which of the lines sets `key`, to `value` where one is given. */
function lineOf(
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
