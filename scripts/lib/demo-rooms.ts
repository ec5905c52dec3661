import type { DoType } from '../../src/domain/instance.ts';
import { createRandom } from './random.ts';

const DAY_MS = 86_400_000;

/** A typical room. */
export interface DemoRoom {
  readonly doType: DoType;
  readonly resourceName: string;
  /** `null`: opened, and nothing written. */
  readonly storageBytes: number | null;
  /** How long ago it was made, and used last, in milliseconds. */
  readonly madeAgoMs: number;
  readonly usedAgoMs: number;
}

/** Name, kilobytes, and days since it was made and used last. */
type Line = readonly [name: string, kilobytes: number | null, madeDays: number, usedDays: number];

const DOCUMENTS: readonly Line[] = [
  ['Research notes 2026', 11_400, 300, 0.002],
  ['Annual report, draft', 7_850, 74, 0.1],
  ['Interview transcripts', 6_120, 132, 4],
  ['Thesis', 4_960, 410, 0.02],
  ['Onboarding guide', 2_310, 220, 9],
  ['Roadmap Q1', 1_870, 24, 0.3],
  ['Conference talk', 1_240, 61, 12],
  ['Old wiki export', 5_300, 520, 171],
  ['Meeting notes 2025', 3_480, 400, 118],
  ['Press release', 410, 33, 20],
  ['Reading list', 220, 340, 0.6],
  ['Letter to the landlord', 61, 90, 88],
  ['Rezepte für den Herbst', 540, 51, 2],
  ['Заметки к проекту', 830, 45, 1.2],
  ['ملاحظات الاجتماع', 170, 29, 3],
  ['Packing list', 45, 180, 140],
  ['Design review', 960, 19, 0.9],
  ['Changelog', 350, 250, 5],
  ['Ideas 🌱', 120, 66, 0.4],
  ['Grant application', 2_080, 14, 0.05],
  ['Untitled', 12, 130, 129],
  ['Untitled 2', 12, 8, 8],
  ['Newsletter May', 190, 200, 184],
  ['FAQ', 280, 96, 16],
  ['Glossary', 330, 155, 31],
  ['Retrospective', 75, 10, 6],
  ['Scratchpad', null, 0.01, 0.008],
];
const WORKSPACES: readonly Line[] = [
  ['team-garden', 3_920, 280, 0.004],
  ['support-inbox', 2_740, 160, 0.03],
  ['inventory', 1_610, 190, 0.2],
  ['sprint-board', 1_150, 120, 0.01],
  ['crm-import', 2_260, 260, 152],
  ['calendar', 640, 270, 0.5],
  ['seating-plan', 86, 40, 27],
  ['budget-2027', 470, 21, 0.7],
  ['kanban-archive', 880, 330, 203],
  ['settings', 24, 300, 0.06],
  ['translations', 720, 85, 7],
  ['feature-flags', 37, 140, 11],
  ['playground', 16, 3, 2.5],
];

const roomsOf = (doType: DoType, lines: readonly Line[]): DemoRoom[] =>
  lines.map(([resourceName, kilobytes, madeDays, usedDays]) => ({
    doType,
    resourceName,
    // As SQLite's pages add up.
    storageBytes: kilobytes === null ? null : Math.ceil((kilobytes * 1_000) / 4_096) * 4_096,
    madeAgoMs: madeDays * DAY_MS,
    usedAgoMs: usedDays * DAY_MS,
  }));

export const DEMO_ROOMS: readonly DemoRoom[] = [
  ...roomsOf('document', DOCUMENTS),
  ...roomsOf('workspace', WORKSPACES),
];

/** A total at the end of a day. */
export interface DemoDay {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly storageBytes: number;
}

/**
 * A history that ends where these rooms are now: each has grown since it was made, the more the more lately it was used. Days
 * without a change are left out.
 * @param now Unix milliseconds
 */
export function demoDays(rooms: readonly DemoRoom[], count: number, now: number): DemoDay[] {
  const random = createRandom(5);
  const today = Math.floor(now / DAY_MS);
  const totalAt = (ago: number): number =>
    rooms.reduce((sum, { storageBytes, madeAgoMs, usedAgoMs }) => {
      const [made, used] = [madeAgoMs / DAY_MS, usedAgoMs / DAY_MS];
      if (storageBytes === null || ago > made) return sum;
      const grown = made === used ? 1 : Math.min(1, (made - ago) / (made - used));
      return sum + storageBytes * (0.35 + 0.65 * grown ** 3);
    }, 0);
  const days: DemoDay[] = [];
  // Something large was there for a while.
  const cleanedUp = { from: 22, to: 12, bytes: 6_400_000 };
  for (let ago = count; ago >= 1; ago--) {
    // Quiet days, as weekends are.
    if ((today - ago) % 7 < 2 && random() < 0.8) continue;
    const extra = ago <= cleanedUp.from && ago > cleanedUp.to ? cleanedUp.bytes : 0;
    days.push({ day: today - ago, storageBytes: Math.round(totalAt(ago) + extra) });
  }
  return days;
}
