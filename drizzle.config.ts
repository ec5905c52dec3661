import { defineConfig } from 'drizzle-kit';

/**
 * One file for both databases, switched by `ROOMKEEPER_DB`: `d1` (unless told) or `postgres`.
 * D1 only generates here; `wrangler d1 migrations apply` applies. Postgres generates and migrates,
 * to the database of `DATABASE_URL`.
 */
const target = process.env['ROOMKEEPER_DB'] ?? 'd1';

const d1 = defineConfig({
  dialect: 'sqlite',
  schema: [
    './src/auth/accounts/schema.ts',
    './src/auth/sessions/schema.ts',
    './src/auth/passwords/schema.ts',
    './src/erasure/schema.ts',
    './src/registry/schema.ts',
    './src/mirror/passes/status-schema.ts',
  ],
  out: './d1-migrations',
});

const postgres = defineConfig({
  dialect: 'postgresql',
  schema: './src/mirror/postgres/schema.ts',
  out: './pg-migrations',
  dbCredentials: { url: process.env['DATABASE_URL'] ?? '' },
});

if (target !== 'd1' && target !== 'postgres') {
  throw new Error(`ROOMKEEPER_DB must be "d1" or "postgres", not "${target}"`);
}

export default target === 'd1' ? d1 : postgres;
