import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from './project.ts';

const SECRET_BYTES = 32;

/** Variables that the Worker takes from the environment of `npm run dev`. */
const PASSED_ON = [
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
 * Keys of wrangler.toml that say how to deploy, and have no meaning here or a wrong one: routes would change the origin
 * that the Worker sees, minified code its stack traces, and a Hyperdrive id leads to somebody's real database.
 */
const NOT_HERE = [
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
  /** What `readWranglerToml` gave. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** Receives the file; an absolute path. */
  readonly persistTo: string;
  /** Without it the mirror is off. */
  readonly postgresUrl: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Writes the configuration that the local system runs with, derived from wrangler.toml. It holds secrets: only its owner
 * may read it, and it is never printed.
 * @returns its path
 */
export async function writeDevConfig({
  raw,
  persistTo,
  postgresUrl,
  env,
}: DevConfigOptions): Promise<string> {
  const kept = Object.fromEntries(Object.entries(raw).filter(([key]) => !NOT_HERE.includes(key)));
  const passed = PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  const config = {
    ...kept,
    main: fromRoot(raw['main']),
    alias: Object.fromEntries(
      records([raw['alias']]).flatMap((alias) =>
        Object.entries(alias).map(([module, file]) => [module, fromRoot(file)]),
      ),
    ),
    assets: withPath(raw['assets'], 'directory'),
    build: withPath(raw['build'], 'watch_dir'),
    d1_databases: records(raw['d1_databases']).map((database) => ({
      ...database,
      migrations_dir: fromRoot(database['migrations_dir']),
    })),
    ...(postgresUrl === undefined
      ? {}
      : { hyperdrive: [{ binding: 'HYPERDRIVE', id: 'local', localConnectionString: postgresUrl }] }),
    vars: {
      ...records([raw['vars']])[0],
      BETTER_AUTH_SECRET: await localSecret(persistTo),
      // Apps are developed at other ports of this machine.
      TRUST_LOCALHOST: 'true',
      ...Object.fromEntries(passed),
    },
  };
  const file = path.join(persistTo, 'wrangler.json');
  await writePrivate(file, JSON.stringify(config, null, 2));
  return file;
}

/** Made at the first start and kept, so that sessions outlive a restart. */
async function localSecret(persistTo: string): Promise<string> {
  const file = path.join(persistTo, 'better-auth-secret');
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (kept !== '') return kept;
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await writePrivate(file, secret);
  return secret;
}

async function writePrivate(file: string, content: string): Promise<void> {
  await writeFile(file, content, { mode: 0o600 });
  // `mode` counts only for a new file.
  await chmod(file, 0o600);
}

function fromRoot(file: unknown): string {
  return path.resolve(PROJECT_ROOT, String(file));
}

/** A table of wrangler.toml with an absolute path at `key`. */
function withPath(table: unknown, key: string): Record<string, unknown> {
  const [kept = {}] = records([table]);
  return { ...kept, [key]: fromRoot(kept[key]) };
}

function records(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null);
}
