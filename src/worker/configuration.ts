import type { MiddlewareHandler } from 'hono';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { problem } from '../lib/problem.ts';

const MIN_SECRET_CHARACTERS = 32;

/** What is not configured and how to set it; `null` if nothing is missing. */
export function findMisconfiguration({ BETTER_AUTH_SECRET }: Bindings): string | null {
  // The type says that it is present, but a Worker deployed by hand may lack it.
  if (((BETTER_AUTH_SECRET as string | undefined)?.length ?? 0) >= MIN_SECRET_CHARACTERS) return null;
  return `The secret BETTER_AUTH_SECRET is missing or shorter than ${MIN_SECRET_CHARACTERS} characters. Set it: npx wrangler secret put BETTER_AUTH_SECRET`;
}

/** Answers 503 if the Worker cannot authenticate callers. */
export const requireConfiguration: MiddlewareHandler<AppEnv> = async (c, next) => {
  const missing = findMisconfiguration(c.env);
  return missing === null ? next() : problem(503, missing);
};
