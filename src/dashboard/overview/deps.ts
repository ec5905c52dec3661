import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { CurrentUserDeps, ConditionalRead } from '../http/current-user.ts';
import type { RoomSummary, UsageSummary } from '../room-list/deps.ts';

/** Rooms in the map of bytes. */
export const MAX_MAP_ROOMS = 60;
/** Rooms in each short list. */
export const LIST_LENGTH = 8;
/** A room that was not used for this time is listed as idle. */
export const IDLE_DAYS = 90;
/** Includes today. */
export const TREND_DAYS = 30;

/** Bytes stored at the end of a UTC day, or until now. */
export interface DayTotal {
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** `null`: before the history began. */
  readonly storageBytes: number | null;
}

export interface Overview {
  readonly usage: UsageSummary;
  /** Largest first, at most `MAX_MAP_ROOMS`; rooms without a size last. */
  readonly biggest: readonly RoomSummary[];
  /** Last used first, at most `LIST_LENGTH`. */
  readonly recent: readonly RoomSummary[];
  /** Rooms not used for `IDLE_DAYS`; `biggest` has at most `LIST_LENGTH`, largest first. */
  readonly idle: {
    readonly instances: number;
    readonly storageBytes: number;
    readonly biggest: readonly RoomSummary[];
  };
  /** Consecutive days up to today: `TREND_DAYS`, and one before them for comparison. */
  readonly days: readonly DayTotal[];
}

export interface OverviewDeps extends CurrentUserDeps {
  /** @param now Unix milliseconds */
  readOverview(c: Context<AppEnv>, userId: string, now: number): Promise<ConditionalRead<Overview>>;
}
