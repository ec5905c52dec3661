import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { CurrentUserDeps } from '../http/current-user.ts';

/** What a form about an account came to. */
export type AccountOutcome =
  | { readonly ok: true; /** `Set-Cookie` values for the answer. */ readonly setCookies: readonly string[] }
  | {
      readonly ok: false;
      /** HTTP status of the page that says so. */
      readonly status: number;
      /** What was wrong, for the person who sent the form. */
      readonly message: string;
      /** The input that was wrong, where it was one. */
      readonly field?: string | undefined;
      /** For how long nothing more is taken, in seconds, where that is why. */
      readonly retryAfter?: number | undefined;
    };

/** Whose accounts one can sign in with here. */
export type ProviderId = 'github' | 'google';

/** Leads to a provider's own page, or says why not. */
export type ProviderOutcome =
  | { readonly ok: true; readonly url: string; readonly setCookies: readonly string[] }
  | Extract<AccountOutcome, { ok: false }>;

export interface ProviderDeps {
  /** Those that are configured. */
  providers(this: void, c: Context<AppEnv>): readonly ProviderId[];
}

/** Where a provider leads back to: paths of this site. To `onError` it adds a code `error`. */
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
