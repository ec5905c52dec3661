import type { MiddlewareHandler } from 'hono';
import type { AppEnv, Bindings } from '../domain/env.ts';
import { problem } from '../lib/problem.ts';

const MIN_SECRET_CHARACTERS = 32;

/** What an operator forgot to configure, in words that tell what to do; `null` where nothing is missing. */
export function misconfiguration({ BETTER_AUTH_SECRET }: Bindings): string | null {
  // Typed as present, because the deployment demands it; a Worker that was set up by hand may lack it all the same.
  if (((BETTER_AUTH_SECRET as string | undefined)?.length ?? 0) >= MIN_SECRET_CHARACTERS) return null;
  return `The secret BETTER_AUTH_SECRET is missing or shorter than ${MIN_SECRET_CHARACTERS} characters: npx wrangler secret put BETTER_AUTH_SECRET`;
}

/** Answers 503 to everything where the Worker cannot tell who anybody is. */
export const requireConfiguration: MiddlewareHandler<AppEnv> = async (c, next) => {
  const missing = misconfiguration(c.env);
  return missing === null ? next() : problem(503, missing);
};
