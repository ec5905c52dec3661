import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { CurrentUserDeps } from '../http/current-user.ts';

export type AccountOutcome =
  | { readonly ok: true; /** `Set-Cookie` values for the response. */ readonly setCookies: readonly string[] }
  | {
      readonly ok: false;
      /** HTTP status of the error page. */
      readonly status: number;
      /** For the user. */
      readonly message: string;
      /** The invalid input. */
      readonly field?: string | undefined;
      /** Seconds, for 429. */
      readonly retryAfter?: number | undefined;
    };

export type ProviderId = 'github' | 'google';

/** The URL of the provider's page, or an error. */
export type ProviderOutcome =
  | { readonly ok: true; readonly url: string; readonly setCookies: readonly string[] }
  | Extract<AccountOutcome, { ok: false }>;

export interface ProviderDeps {
  /** Configured providers. */
  providers(this: void, c: Context<AppEnv>): readonly ProviderId[];
}

/** Paths that the provider redirects back to. `error` is added to `onError`. */
export interface ProviderRedirect {
  readonly provider: ProviderId;
  readonly next: string;
  readonly onError: string;
}

export interface SignInDeps extends CurrentUserDeps, ProviderDeps {
  startProviderSignIn(c: Context<AppEnv>, to: ProviderRedirect): Promise<ProviderOutcome>;
  signUp(
    c: Context<AppEnv>,
    form: { readonly name: string; readonly email: string; readonly password: string },
  ): Promise<AccountOutcome>;
  signIn(
    c: Context<AppEnv>,
    form: { readonly email: string; readonly password: string },
  ): Promise<AccountOutcome>;
  signOut(c: Context<AppEnv>): Promise<AccountOutcome>;
}
