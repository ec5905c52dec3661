import type { Context } from 'hono';
import type { AppEnv } from '../env.ts';
import type { DoType } from '../instance.ts';

/** Whom the session cookie names. */
export interface SignedInUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** `Set-Cookie` values for the answer: looking a session up may prolong it. */
  readonly setCookies: readonly string[];
}

export type AccountField = 'name' | 'email' | 'password';

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
      readonly field?: AccountField | undefined;
    };

/** A room as its row in the registry tells. Times are Unix milliseconds; unknown is `null`. */
export interface RoomSummary {
  readonly doType: DoType;
  readonly resourceName: string;
  readonly storageBytes: number | null;
  readonly storageMeasuredAt: number | null;
  readonly lastAccessedAt: number;
}

export const ROOM_SORTS = ['storageBytes', 'lastAccessedAt', 'resourceName'] as const;
export type RoomSort = (typeof ROOM_SORTS)[number];

export interface RoomsQuery {
  readonly sort: RoomSort;
  readonly order: 'asc' | 'desc';
  /** How many rooms a page holds. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface UsageSummary {
  readonly storageBytes: number;
  readonly instances: number;
  /** How many of the rooms have no known size yet. */
  readonly unmeasured: number;
  readonly byType: Readonly<Record<DoType, { readonly instances: number; readonly storageBytes: number }>>;
}

export interface RoomsOverview {
  readonly usage: UsageSummary;
  /** `null` where the query's cursor is not one of this query and user. */
  readonly page: { readonly instances: readonly RoomSummary[]; readonly nextCursor: string | null } | null;
}

/** All that the pages are given: they know neither accounts nor the registry. A rejection becomes an error page. */
export interface DashboardDeps {
  currentUser(c: Context<AppEnv>): Promise<SignedInUser | null>;
  signUp(
    c: Context<AppEnv>,
    form: { readonly name: string; readonly email: string; readonly password: string },
  ): Promise<AccountOutcome>;
  signIn(
    c: Context<AppEnv>,
    form: { readonly email: string; readonly password: string },
  ): Promise<AccountOutcome>;
  signOut(c: Context<AppEnv>): Promise<AccountOutcome>;
  readOverview(c: Context<AppEnv>, userId: string, query: RoomsQuery): Promise<RoomsOverview>;
}
