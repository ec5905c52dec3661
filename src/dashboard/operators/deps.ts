import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import type { CurrentUserDeps, Seen, SignedInUser } from '../http/current-user.ts';
import type { RoomSummary, UsageSummary } from '../room-list/deps.ts';
import type { AccountOutcome } from '../sign-in/deps.ts';

/** What operators see. Times are Unix milliseconds; unknown is `null`. */

export interface MirrorStatus {
  readonly enabled: boolean;
  readonly checkpointSeq: number | null;
  readonly latestSeq: number;
  readonly lagRows: number | null;
  /** When the oldest change came that Postgres lacks; `null` where it lacks none. */
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
  /** Since when the oldest ended session waits for its sockets to be ended; `null` where none does. */
  readonly sessionsToEndSince: number | null;
  readonly erasuresUnderWay: number;
  /** Since when the oldest of them waits. */
  readonly erasingSince: number | null;
  /** What is configured besides, by its name for operators. */
  readonly settings: Readonly<Record<string, boolean>>;
}

export interface ErasureSummary {
  readonly id: string;
  /** While it is under way; afterwards what stands for him. */
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
  /** The newest ones, in order. */
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
  /** The newest ones. */
  readonly erasures: readonly ErasureSummary[];
}

/** A page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  /** `null` where this is the last page. */
  readonly nextCursor: string | null;
}

/** A page of a ranking; the first one says what all of it comes to. */
export interface RankingPage<Row> extends Page<Row> {
  readonly totals: (UsageSummary & { readonly users: number }) | null;
}

interface Owned {
  readonly userId: string;
  /** `null` where there is no account any more. */
  readonly email: string | null;
}

export interface RankedUser extends Owned {
  readonly name: string | null;
  readonly storageBytes: number;
  readonly instances: number;
  readonly unmeasured: number;
  readonly lastAccessedAt: number;
}

export interface RankedRoomOf extends Owned {
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

/** A cursor that is not one of the list is answered with `'refused'`. */
type Paged<Result> = (
  c: Context<AppEnv>,
  operator: SignedInUser,
  cursor: string | undefined,
) => Promise<Result | 'refused'>;

export type MirrorPass = 'incremental' | 'reconcile';

export interface OperatorsDeps extends CurrentUserDeps {
  readStatus(c: Context<AppEnv>): Promise<Seen<Status>>;
  runMirror(c: Context<AppEnv>, pass: MirrorPass): Promise<'done' | 'off' | 'failed' | 'behind'>;
  readonly readUsers: Paged<RankingPage<RankedUser>>;
  readonly readRoomsOfAll: Paged<RankingPage<RankedRoomOf>>;
  readonly readErasures: Paged<Page<ErasureSummary>>;
  /** `null` where there is none of this id. */
  readTrail(c: Context<AppEnv>, id: string): Promise<Seen<ErasureTrail> | null>;
  readUser(
    c: Context<AppEnv>,
    operator: SignedInUser,
    asked: { readonly id: string; readonly cursor: string | undefined },
  ): Promise<UserDetails | 'refused' | null>;
  eraseUser(c: Context<AppEnv>, id: string): Promise<AccountOutcome>;
}
