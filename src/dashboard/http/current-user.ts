import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';

/** Whom the session cookie names. */
export interface SignedInUser {
  readonly id: string;
  readonly sessionId: string;
  readonly name: string;
  readonly email: string;
  readonly isOperator: boolean;
  /** `Set-Cookie` values for the answer: looking a session up may prolong it. */
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

/** Whom a request's cookies claim to be of, while the page's own reading finds out whether he is. */
export interface ClaimedUser extends Pick<SignedInUser, 'id' | 'sessionId' | 'isOperator'> {
  /** `null` until the claim is confirmed, and where it is not. */
  confirmed(): Pick<SignedInUser, 'name' | 'email'> | null;
  /** What is read from now on is read without it. */
  drop(): void;
}

export interface CurrentUserDeps {
  /** By a reading of its own. */
  currentUser(c: Context<AppEnv>): Promise<SignedInUser | null>;
  /** By none: what is read next for this request confirms the claim, or fails. */
  claimedUser(c: Context<AppEnv>): Promise<ClaimedUser | null>;
}
