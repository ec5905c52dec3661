import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { CurrentUserDeps, ConditionalRead, SignedInUser } from '../http/current-user.ts';
import type {
  AccountOutcome,
  ProviderDeps,
  ProviderId,
  ProviderOutcome,
  ProviderRedirect,
} from '../sign-in/deps.ts';

/** Times are Unix milliseconds. */
export interface SessionSummary {
  readonly id: string;
  readonly createdAt: number;
  /** Recorded at most once a day. */
  readonly updatedAt: number;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

export interface AccountSummary {
  /** Last used first. */
  readonly sessions: readonly SessionSummary[];
  readonly hasPassword: boolean;
  /** Ids of linked providers. */
  readonly providers: readonly string[];
}

type DeletionOutcome =
  | {
      readonly ok: true;
      readonly setCookies: readonly string[];
      /** Id of the progress page; `null` if the erasure is finished. */
      readonly erasureId: string | null;
    }
  | Extract<AccountOutcome, { ok: false }>;

type Action<Form> = (c: Context<AppEnv>, user: SignedInUser, form: Form) => Promise<AccountOutcome>;

export interface AccountDeps extends CurrentUserDeps, ProviderDeps {
  startProviderLink(c: Context<AppEnv>, to: ProviderRedirect): Promise<ProviderOutcome>;
  readonly unlinkProvider: Action<{ readonly provider: ProviderId }>;
  readAccount(c: Context<AppEnv>, user: SignedInUser): Promise<ConditionalRead<AccountSummary>>;
  readonly changeName: Action<{ readonly name: string }>;
  readonly changeEmail: Action<{ readonly email: string; readonly password: string }>;
  readonly changePassword: Action<{ readonly password: string; readonly newPassword: string }>;
  /** For an account without a password. */
  readonly setPassword: Action<{ readonly newPassword: string }>;
  readonly endSession: Action<{ readonly id: string }>;
  endOtherSessions(c: Context<AppEnv>, user: SignedInUser): Promise<AccountOutcome>;
  /** @param password `null` for an account without a password */
  deleteAccount(c: Context<AppEnv>, user: SignedInUser, password: string | null): Promise<DeletionOutcome>;
}
