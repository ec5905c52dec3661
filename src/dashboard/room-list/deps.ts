import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import type { CurrentUserDeps, ConditionalRead } from '../http/current-user.ts';

/** A registry row. Times are Unix milliseconds; unknown is `null`. */
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
  /** Default: both types. */
  readonly type?: DoType | undefined;
  /** A substring of the name. */
  readonly q?: string | undefined;
  /** Rooms per page. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface UsageSummary {
  readonly storageBytes: number;
  readonly instances: number;
  /** Rooms without a size. */
  readonly unmeasured: number;
  readonly byType: Readonly<Record<DoType, { readonly instances: number; readonly storageBytes: number }>>;
}

export interface RoomsListPage {
  readonly instances: readonly RoomSummary[];
  readonly nextCursor: string | null;
  /** Rooms on all pages, and on previous pages. */
  readonly matching: number;
  readonly before: number;
}

export interface RoomsList {
  /** Of all rooms of the user, independent of the query. */
  readonly usage: UsageSummary;
  readonly page: RoomsListPage;
}

export interface RoomsDeps extends CurrentUserDeps {
  /** `list` is `null` if the cursor does not belong to this query and user. */
  readRooms(
    c: Context<AppEnv>,
    userId: string,
    query: RoomsQuery,
  ): Promise<ConditionalRead<{ readonly list: RoomsList | null }>>;
}
