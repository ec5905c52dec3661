import path from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';
import { buildPages } from './scripts/lib/build-pages.ts';
import { folderForTestData } from './scripts/lib/test-data.ts';

// Once, before anything imports what it makes.
await buildPages();

const migrations = await readD1Migrations('./d1-migrations');

/**
 * On two cores, and while the other ones run, too (scripts/test.ts). Those of the project `system` mostly wait: for a room to
 * fall asleep, for a token to expire, for a process to end.
 */
const WORKERS = 2;
const SYSTEM_WORKERS = 3;

/** A secret for tests alone. */
const TEST_SECRET = 'test-secret-of-at-least-32-characters';

const SHARING = ['*(after-response|openapi).test.ts', '(auth|client|dashboard|rooms)/**/*.test.{ts,tsx}'];

/** Bundled once for all files: each is hundreds of modules, which every workerd would fetch one by one. */
const BUNDLED = [
  ...['admin', 'bearer', 'jwt'].map((plugin) => `better-auth/plugins/${plugin}`),
  ...['adapters/drizzle', 'api', 'minimal'].map((part) => `better-auth/${part}`),
  'drizzle-orm',
  'drizzle-orm/d1',
  'drizzle-orm/sqlite-core',
  'hono',
  'jose',
  'zod',
];

const BUNDLING = {
  optimizer: {
    ssr: {
      enabled: true,
      include: BUNDLED,
      rolldownOptions: { external: [/^node:/, /^cloudflare:/] },
    },
  },
};

/** Inside workerd, with the real D1 and Durable Objects. */
function workerProject(name: string, files: { include: string[]; exclude?: string[]; isolate: boolean }) {
  return {
    plugins: [
      cloudflareTest({
        wrangler: { configPath: './wrangler.toml' },
        miniflare: {
          bindings: {
            BETTER_AUTH_SECRET: TEST_SECRET,
            OPERATOR_TOKEN: 'test-operator-token-of-at-least-32-characters',
            TRUSTED_ORIGINS: 'https://app.example',
            TEST_MIGRATIONS: migrations,
            // Low enough to be met by a test, and beyond all that the others do.
            ROOM_MAX_SOCKETS: '20',
            ROOM_MAX_MESSAGES_PER_SECOND: '1000',
          },
        },
      }),
    ],
    test: {
      name,
      ...files,
      maxWorkers: WORKERS,
      // A law is not a matter of time: on a busy machine it takes longer.
      testTimeout: 120_000,
      globalSetup: ['./test/worker/setup/external-issuer.ts'],
      setupFiles: ['./test/worker/setup/migrate.ts'],
      deps: BUNDLING,
    },
  };
}

/** In Node, in the folder of this name. */
function systemProject(name: 'system' | 'slow') {
  return {
    ssr: { resolve: { conditions: ['node', 'module'] } },
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      globalSetup: ['./test/system/setup/running-system.ts'],
      testTimeout: 300_000,
      hookTimeout: 300_000,
      maxWorkers: SYSTEM_WORKERS,
      sequence: { groupOrder: 2 },
    },
  };
}

process.env['TMPDIR'] = await folderForTestData();

// Tests start wrangler a hundred times: most of what that costs is compiling it.
process.env['NODE_COMPILE_CACHE'] ??= path.join(import.meta.dirname, 'node_modules/.cache/compiled');

export default defineConfig({
  // What CommonJS packages (pg) require inside workerd is resolved by the root's conditions, not by the project's.
  ssr: { resolve: { conditions: ['workerd', 'worker', 'module', 'browser'] } },
  test: {
    // Of tests that pass, nothing but that they do.
    silent: 'passed-only',
    projects: [
      // In Node: updates as bytes, which need no platform, and the project's own rules.
      {
        ssr: { resolve: { conditions: ['node', 'module'] } },
        test: {
          name: 'node',
          include: ['test/{project,yjs}/**/*.test.ts'],
          testTimeout: 120_000,
          maxWorkers: WORKERS,
        },
      },
      // A workerd for each file costs more than most files' tests. So the files share one (or two, at once) where every test
      // has users and rooms of its own, and have their own where tests count or hide what the whole registry holds.
      workerProject('worker', { include: SHARING.map((part) => `test/worker/${part}`), isolate: false }),
      workerProject('worker-alone', {
        include: ['test/worker/**/*.test.ts'],
        exclude: SHARING.map((part) => `test/worker/${part}`),
        isolate: true,
      }),
      {
        // Inside workerd too, with a real Postgres behind the real Hyperdrive binding.
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: { BETTER_AUTH_SECRET: TEST_SECRET, TEST_MIGRATIONS: migrations },
              hyperdrives: {
                HYPERDRIVE: inject('postgresUrl'),
                HYPERDRIVE_UNREACHABLE: inject('unreachablePostgresUrl'),
                HYPERDRIVE_WRONG_PASSWORD: inject('wrongPasswordPostgresUrl'),
                HYPERDRIVE_UNKNOWN_USER: inject('unknownUserPostgresUrl'),
                HYPERDRIVE_GRANTED: inject('grantedPostgresUrl'),
                HYPERDRIVE_NO_DATABASE: inject('noDatabasePostgresUrl'),
                HYPERDRIVE_UNMIGRATED: inject('unmigratedPostgresUrl'),
                HYPERDRIVE_SILENT: inject('silentPostgresUrl'),
                HYPERDRIVE_FAULTY: inject('faultyPostgresUrl'),
              },
            },
          })),
        ],
        test: {
          name: 'mirror',
          include: ['test/mirror/**/*.test.ts'],
          testTimeout: 120_000,
          globalSetup: ['./test/mirror/setup/postgres.ts'],
          setupFiles: ['./test/worker/setup/migrate.ts'],
          // One Postgres, and one D1: the files take turns, and empty both where they count.
          fileParallelism: false,
          isolate: false,
          // Projects that differ in the number of workers must have their turns one after the other.
          sequence: { groupOrder: 1 },
        },
      },
      // Node, against the started system as a black box.
      systemProject('system'),
      // As above: what takes minutes because wrangler is started again and again, or because it waits. `npm run test:slow`.
      systemProject('slow'),
    ],
  },
});
