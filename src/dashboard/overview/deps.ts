import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { CurrentUserDeps, Seen } from '../http/current-user.ts';
import type { RoomSummary, UsageSummary } from '../room-list/deps.ts';

/** How many rooms the picture of the bytes may show one by one. */
export const MOST_PICTURED = 60;
/** How many rooms each of the short lists shows. */
export const LIST_LENGTH = 8;
/** A room that was not used for so long may be one that can go. */
export const IDLE_DAYS = 90;
/** How many days the trend shows, today among them. */
export const TREND_DAYS = 30;

/** What was stored at the end of a day, of today so far. Days are UTC's. */
export interface DayTotal {
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** `null`: from before the history began. */
  readonly storageBytes: number | null;
}

export interface Overview {
  readonly usage: UsageSummary;
  /** The biggest first, up to `MOST_PICTURED`; those not measured last. */
  readonly biggest: readonly RoomSummary[];
  /** The one used last first, up to `LIST_LENGTH`. */
  readonly recent: readonly RoomSummary[];
  /** The rooms not used for `IDLE_DAYS`, and up to `LIST_LENGTH` of them, the biggest first. */
  readonly idle: {
    readonly instances: number;
    readonly storageBytes: number;
    readonly biggest: readonly RoomSummary[];
  };
  /** One after the other up to today: `TREND_DAYS`, and before them the one that the first is compared with. */
  readonly days: readonly DayTotal[];
}

export interface OverviewDeps extends CurrentUserDeps {
  /** @param now Unix milliseconds */
  readOverview(c: Context<AppEnv>, userId: string, now: number): Promise<Seen<Overview>>;
}
