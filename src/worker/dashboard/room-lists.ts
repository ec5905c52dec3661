import {
  type DayTotal,
  IDLE_DAYS,
  LIST_LENGTH,
  MAX_MAP_ROOMS,
  type Overview,
  type OverviewDeps,
  TREND_DAYS,
} from '../../dashboard/overview/deps.ts';
import type { RoomsDeps, RoomsList } from '../../dashboard/room-list/deps.ts';
import { getOverview } from '../../registry/read/overview.ts';
import { getRoomsPage } from '../../registry/read/rooms-list.ts';
import { DAY_S } from '../../registry/read/storage-curve.ts';
import type { StorageHistory } from '../../registry/read/usage-history.ts';
import { readPageData } from './read-page-data.ts';

const DAY_MS = DAY_S * 1_000;

/** What the overview and the list of rooms need of the registry. */
export const roomListDeps: Pick<OverviewDeps & RoomsDeps, 'readOverview' | 'readRooms'> = {
  readOverview: (c, userId, now) => {
    /** Days since 1970-01-01, UTC. */
    const today = Math.floor(now / DAY_MS);
    const query = {
      biggest: MAX_MAP_ROOMS,
      recent: LIST_LENGTH,
      idle: LIST_LENGTH,
      idleBefore: (today - IDLE_DAYS) * DAY_MS,
      // To the end of today, whose last change so far counts.
      interval: { from: (today - TREND_DAYS) * DAY_S, to: (today + 1) * DAY_S },
    };
    // The day is part of the ETag: the page changes at midnight.
    return readPageData<Overview>(c, userId, ['overview page', today], async (session) => {
      const { seq, history, ...overview } = await getOverview(session, userId, query);
      return { seq, body: { ...overview, days: toDayTotals(history) } };
    });
  },
  readRooms: (c, userId, query) =>
    readPageData<{ list: RoomsList | null }>(c, userId, ['rooms page', query], async (session) => {
      const found = await getRoomsPage(session, userId, query);
      if (found === null) return { seq: 0, body: { list: null } };
      const { seq, ...list } = found;
      return { seq, body: { list } };
    }),
};

function toDayTotals({ keptSince, days }: StorageHistory): DayTotal[] {
  return days.map(({ day, storageBytes }) => ({
    day: new Date(day * DAY_MS).toISOString().slice(0, 10),
    storageBytes: keptSince === null || (day + 1) * DAY_S <= keptSince ? null : storageBytes,
  }));
}
