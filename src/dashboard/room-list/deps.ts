import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import type { CurrentUserDeps, Seen } from '../http/current-user.ts';

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
  /** Both types unless told. */
  readonly type?: DoType | undefined;
  /** The name contains it; any name unless told. */
  readonly q?: string | undefined;
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

/** A page of the rooms that fulfil a query. */
export interface RoomsListPage {
  readonly instances: readonly RoomSummary[];
  readonly nextCursor: string | null;
  /** How many rooms there are on all pages, and how many on those before this one. */
  readonly matching: number;
  readonly before: number;
}

export interface RoomsList {
  /** Of all the user's rooms, whatever the query. */
  readonly usage: UsageSummary;
  readonly page: RoomsListPage;
}

export interface RoomsDeps extends CurrentUserDeps {
  /** `list` is `null` where the query's cursor is not one of this query and user. */
  readRooms(
    c: Context<AppEnv>,
    userId: string,
    query: RoomsQuery,
  ): Promise<Seen<{ readonly list: RoomsList | null }>>;
}
