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

/** Data of a page and its `ETag`. `data` is `null` if the request's `If-None-Match` has this `ETag`. */
export interface ConditionalRead<Data> {
  readonly data: Data | null;
  readonly etag: string;
}

export interface CurrentUserDeps {
  currentUser(c: Context<AppEnv>): Promise<SignedInUser | null>;
}
