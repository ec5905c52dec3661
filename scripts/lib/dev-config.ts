import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from './project.ts';

const SECRET_BYTES = 32;

/** Variables of `npm run dev` that the Worker gets. */
const FORWARDED_VARIABLES = [
  'OPERATOR_TOKEN',
  'AUTH_JWKS_URL',
  'AUTH_ISSUER',
  'AUTH_AUDIENCE',
  'TRUSTED_ORIGINS',
  'TRUST_LOCALHOST',
  'GITHUB_CLIENT_ID',
  'GITHUB_CLIENT_SECRET',
  'GOOGLE_CLIENT_ID',
  'GOOGLE_CLIENT_SECRET',
  'MIRROR_SCHEMA',
  'ROOM_MAX_PAYLOAD_BYTES',
  'ROOM_MAX_BYTES',
  'ROOM_MAX_SOCKETS',
  'ROOM_MAX_MESSAGES_PER_SECOND',
  'USER_MAX_ROOMS',
  'USER_MAX_ROOMS_PER_HOUR',
] as const;

/**
 * Keys of wrangler.toml for deployments only. Locally, routes would change the origin, minified code the stack traces, and a
 * Hyperdrive id would connect to a real database.
 */
const DEPLOY_ONLY_KEYS = [
  'account_id',
  'env',
  'hyperdrive',
  'minify',
  'observability',
  'route',
  'routes',
  'secrets',
  'triggers',
  'upload_source_maps',
  'workers_dev',
];

export interface DevConfigOptions {
  /** From `readWranglerToml`. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Absolute path of the folder for the file. */
  readonly persistTo: string;
  /** `undefined`: the mirror is off. */
  readonly postgresUrl: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Writes the local configuration, derived from wrangler.toml. It contains secrets: private file, never printed.
 * @returns its path
 */
export async function writeDevConfig({
  raw,
  persistTo,
  postgresUrl,
  env,
}: DevConfigOptions): Promise<string> {
  const kept = Object.fromEntries(Object.entries(raw).filter(([key]) => !DEPLOY_ONLY_KEYS.includes(key)));
  const passed = FORWARDED_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  const config = {
    ...kept,
    main: resolveFromRoot(raw['main']),
    alias: Object.fromEntries(
      toRecords([raw['alias']]).flatMap((alias) =>
        Object.entries(alias).map(([module, file]) => [module, resolveFromRoot(file)]),
      ),
    ),
    assets: withAbsolutePath(raw['assets'], 'directory'),
    build: withAbsolutePath(raw['build'], 'watch_dir'),
    d1_databases: toRecords(raw['d1_databases']).map((database) => ({
      ...database,
      migrations_dir: resolveFromRoot(database['migrations_dir']),
    })),
    ...(postgresUrl === undefined
      ? {}
      : { hyperdrive: [{ binding: 'HYPERDRIVE', id: 'local', localConnectionString: postgresUrl }] }),
    vars: {
      ...toRecords([raw['vars']])[0],
      BETTER_AUTH_SECRET: await readLocalSecret(persistTo),
      // Apps in development use other ports.
      TRUST_LOCALHOST: 'true',
      ...Object.fromEntries(passed),
    },
  };
  const file = path.join(persistTo, 'wrangler.json');
  await writePrivate(file, JSON.stringify(config, null, 2));
  return file;
}

/** Kept across starts, so that sessions stay valid. */
async function readLocalSecret(persistTo: string): Promise<string> {
  const file = path.join(persistTo, 'better-auth-secret');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept !== '') return kept;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await writePrivate(file, secret);
  return secret;
}

async function writePrivate(file: string, content: string): Promise<void> {
  await writeFile(file, content, { mode: 0o600 });
  // `mode` applies only to new files.
  await chmod(file, 0o600);
}

function resolveFromRoot(file: unknown): string {
  return path.resolve(PROJECT_ROOT, String(file));
}

/** A table of wrangler.toml with an absolute path at `key`. */
function withAbsolutePath(table: unknown, key: string): Record<string, unknown> {
  const [kept = {}] = toRecords([table]);
  return { ...kept, [key]: resolveFromRoot(kept[key]) };
}

function toRecords(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null);
}
