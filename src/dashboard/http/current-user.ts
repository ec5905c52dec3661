import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';

/** The user of the session cookie. */
export interface SignedInUser {
  readonly id: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  readonly isOperator: boolean;
  /** `Set-Cookie` values of the response: the lookup may refresh the session. */
  readonly setCookies: readonly string[];
}

/**
 * What was read for a page, and the `ETag` of a page with it; `null` where the request names that very `ETag`: what the
 * browser shows is still true.
 */
export interface Seen<Data> {
  readonly data: Data | null;
  readonly etag: string;
}

export interface CurrentUserDeps {
  currentUser(c: Context<AppEnv>): Promise<SignedInUser | null>;
}
