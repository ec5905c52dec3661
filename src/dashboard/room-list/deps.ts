import type { Context } from 'hono';
import type { AppEnv } from '../../env.ts';
import type { DoType } from '../../instance.ts';
import type { CurrentUserDeps, Seen } from '../deps.ts';

/** A room as its row in the registry tells. Times are Unix milliseconds; unknown is `null`. */
export interface RoomSummary {
  readonly doType: DoType;
  readonly resourceName: string;
  readonly storageBytes: number | null;
  readonly storageMeasuredAt: number | null;
  readonly createdAt: number;
  readonly lastAccessedAt: number;
}

export const ROOM_SORTS = ['storageBytes', 'lastAccessedAt', 'createdAt', 'resourceName'] as const;
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

export interface RoomsList {
  readonly usage: UsageSummary;
  /** `null` where the query's cursor is not one of this query and user. */
  readonly page: { readonly instances: readonly RoomSummary[]; readonly nextCursor: string | null } | null;
}

export interface RoomsDeps extends CurrentUserDeps {
  readRooms(c: Context<AppEnv>, userId: string, query: RoomsQuery): Promise<Seen<RoomsList>>;
}
