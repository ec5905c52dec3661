import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import type { CurrentUserDeps, ConditionalRead, SignedInUser } from '../http/current-user.ts';
import type { RoomSummary, UsageSummary } from '../room-list/deps.ts';
import type { AccountOutcome } from '../sign-in/deps.ts';

/** Times are Unix milliseconds; unknown is `null`. */

export interface MirrorStatus {
  readonly enabled: boolean;
  readonly checkpointSeq: number | null;
  readonly latestSeq: number;
  readonly lagRows: number | null;
  /** Time of the oldest change that Postgres does not have; `null` if it has all. */
  readonly behindSince: number | null;
  readonly lastSuccessAt: number | null;
  readonly lastError: { readonly at: number | null; readonly message: string } | null;
  readonly lastReconcile: {
    readonly mode: 'repair' | 'detect';
    readonly startedAt: number;
    readonly finishedAt: number | null;
    readonly compared: number;
    readonly missing: number;
    readonly extra: number;
    readonly different: number;
    readonly repaired: number;
    readonly seconds: number;
  } | null;
}

export interface Health {
  /** Since when the oldest ended session has open sockets; `null` if none has. */
  readonly sessionsToEndSince: number | null;
  readonly erasuresUnderWay: number;
  /** When the oldest of them was requested. */
  readonly erasingSince: number | null;
  /** Configured features by display name. */
  readonly settings: Readonly<Record<string, boolean>>;
}

export interface ErasureSummary {
  readonly id: string;
  /** A pseudonym once the erasure is finished. */
  readonly userId: string;
  readonly state: 'requested' | 'running' | 'finished';
  readonly requestedBy: string;
  readonly requestedAt: number;
  readonly lastHeardAt: number | null;
  readonly finishedAt: number | null;
  readonly sockets: number;
  readonly roomsFound: number;
  readonly roomsErased: number;
  readonly failures: number;
}

export interface ErasureTrail extends ErasureSummary {
  /** The newest, in order. */
  readonly steps: readonly {
    readonly number: number;
    readonly at: number;
    readonly what: string;
    readonly result: 'done' | 'failed';
    readonly count: number;
    readonly detail: string | null;
  }[];
}

export interface Status {
  readonly mirror: MirrorStatus;
  readonly health: Health;
  /** The newest. */
  readonly erasures: readonly ErasureSummary[];
}

/** A page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/** Only the first page has totals. */
export interface RankingPage<Row> extends Page<Row> {
  readonly totals: (UsageSummary & { readonly users: number }) | null;
}

interface Owned {
  readonly userId: string;
  /** `null` if the account no longer exists. */
  readonly email: string | null;
}

export interface RankedUser extends Owned {
  readonly name: string | null;
  readonly storageBytes: number;
  readonly instances: number;
  readonly unmeasured: number;
  readonly lastAccessedAt: number;
}

export interface RankedRoom extends Owned {
  readonly doType: DoType;
  readonly resourceName: string;
  readonly storageBytes: number | null;
  readonly storageMeasuredAt: number | null;
  readonly lastAccessedAt: number;
}

export interface UserDetails extends Page<RoomSummary> {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly createdAt: number;
  readonly isOperator: boolean;
  readonly isBanned: boolean;
  readonly sessions: number;
  readonly usage: UsageSummary;
}

/** `'refused'`: the cursor does not belong to the list. */
type Paged<Result> = (
  c: Context<AppEnv>,
  operator: SignedInUser,
  cursor: string | undefined,
) => Promise<Result | 'refused'>;

export type MirrorPass = 'incremental' | 'reconcile';

export interface OperatorsDeps extends CurrentUserDeps {
  readStatus(c: Context<AppEnv>): Promise<ConditionalRead<Status>>;
  runMirror(c: Context<AppEnv>, pass: MirrorPass): Promise<'done' | 'off' | 'failed' | 'behind'>;
  readonly readUsers: Paged<RankingPage<RankedUser>>;
  readonly readAllRooms: Paged<RankingPage<RankedRoom>>;
  readonly readErasures: Paged<Page<ErasureSummary>>;
  /** `null` if there is no erasure with this id. */
  readTrail(c: Context<AppEnv>, id: string): Promise<ConditionalRead<ErasureTrail> | null>;
  readUser(
    c: Context<AppEnv>,
    operator: SignedInUser,
    asked: { readonly id: string; readonly cursor: string | undefined },
  ): Promise<UserDetails | 'refused' | null>;
  eraseUser(c: Context<AppEnv>, id: string): Promise<AccountOutcome>;
}
