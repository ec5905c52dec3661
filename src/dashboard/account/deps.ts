import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { CurrentUserDeps, Seen, SignedInUser } from '../http/current-user.ts';
import type {
  AccountOutcome,
  ProviderDeps,
  ProviderId,
  ProviderOutcome,
  ProviderRedirect,
} from '../sign-in/deps.ts';

/** A session of the user's. Times are Unix milliseconds. */
export interface SessionSummary {
  readonly id: string;
  readonly createdAt: number;
  /** To within a day. */
  readonly updatedAt: number;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

export interface AccountSummary {
  /** The latest used first. */
  readonly sessions: readonly SessionSummary[];
  readonly hasPassword: boolean;
  /** Ids of the providers whose accounts he can sign in with. */
  readonly providers: readonly string[];
}

type DeletionOutcome =
  | {
      readonly ok: true;
      readonly setCookies: readonly string[];
      /** Under which its progress is shown; `null` where it is over already. */
      readonly erasureId: string | null;
    }
  | Extract<AccountOutcome, { ok: false }>;

type Action<Form> = (c: Context<AppEnv>, user: SignedInUser, form: Form) => Promise<AccountOutcome>;

export interface AccountDeps extends CurrentUserDeps, ProviderDeps {
  startProviderLink(c: Context<AppEnv>, to: ProviderRedirect): Promise<ProviderOutcome>;
  readonly unlinkProvider: Action<{ readonly provider: ProviderId }>;
  readAccount(c: Context<AppEnv>, user: SignedInUser): Promise<Seen<AccountSummary>>;
  readonly changeName: Action<{ readonly name: string }>;
  readonly changeEmail: Action<{ readonly email: string; readonly password: string }>;
  readonly changePassword: Action<{ readonly password: string; readonly newPassword: string }>;
  /** Where the account has none. */
  readonly setPassword: Action<{ readonly newPassword: string }>;
  readonly endSession: Action<{ readonly id: string }>;
  endOtherSessions(c: Context<AppEnv>, user: SignedInUser): Promise<AccountOutcome>;
  /** @param password `null` where the account has none */
  deleteAccount(c: Context<AppEnv>, user: SignedInUser, password: string | null): Promise<DeletionOutcome>;
}
