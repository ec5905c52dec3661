import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-pool-workers';
import { defineConfig } from 'vitest/config';

const migrations = await readD1Migrations('./d1-migrations');

/** A secret for tests alone. */
const TEST_SECRET = 'test-secret-of-at-least-32-characters';

export default defineConfig({
  test: {
    projects: [
      {
        // Inside workerd, with the real D1 and Durable Objects.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                BETTER_AUTH_SECRET: TEST_SECRET,
                OPERATOR_TOKEN: 'test-operator-token-of-at-least-32-characters',
                TRUSTED_ORIGINS: 'https://app.example',
                TEST_MIGRATIONS: migrations,
              },
            },
          }),
        ],
        test: {
          name: 'worker',
          include: ['test/worker/**/*.test.{ts,tsx}'],
          setupFiles: ['./test/worker/setup/migrate.ts'],
        },
      },
      {
        // Node, against the started system as a black box.
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
