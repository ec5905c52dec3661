import type { Context } from 'hono';
import type { AppEnv } from '../../env.ts';
import type { CurrentUserDeps, Seen } from '../deps.ts';
import type { RoomSummary, UsageSummary } from '../room-list/deps.ts';

export interface Overview {
  readonly usage: UsageSummary;
  /** The biggest first. */
  readonly biggest: readonly RoomSummary[];
}

export interface OverviewDeps extends CurrentUserDeps {
  readOverview(c: Context<AppEnv>, userId: string): Promise<Seen<Overview>>;
}
