import type { Figure, Subject } from './benchmark.ts';
import type { BenchmarkResult } from './results.ts';

/** Of a subject's rounds; `null` where it has none of this figure. */
export function median(subject: Subject, key: string): number | null {
  const ordered = Float64Array.from(subject.values[key] ?? []).toSorted();
  const upper = ordered[Math.floor(ordered.length / 2)];
  const lower = ordered[Math.ceil(ordered.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

/** A figure in which a peer is better than one of ours, by the medians. */
export interface Loss {
  readonly figure: Figure;
  readonly ours: Subject;
  readonly peer: Subject;
  readonly oursIs: number;
  readonly peerIs: number;
}

export function lossesIn({ figures, subjects }: BenchmarkResult): Loss[] {
  const peers = subjects.filter(({ role }) => role === 'peer');
  return figures.flatMap((figure) =>
    subjects
      .filter(({ role }) => role === 'ours')
      .flatMap((ours) =>
        peers.flatMap((peer) => {
          const [oursIs, peerIs] = [median(ours, figure.key), median(peer, figure.key)];
          if (oursIs === null || peerIs === null) return [];
          return isBetter(figure, peerIs, oursIs) ? [{ figure, ours, peer, oursIs, peerIs }] : [];
        }),
      ),
  );
}

function isBetter({ better }: Figure, one: number, other: number): boolean {
  if (better === null) return false;
  return better === 'lower' ? one < other : one > other;
}

/** One of ours as a multiple of a floor, by the medians; `null` where the two cannot be divided. */
export function multiple(ours: Subject, floor: Subject, key: string): number | null {
  const [oursIs, floorIs] = [median(ours, key), median(floor, key)];
  return oursIs === null || floorIs === null || floorIs === 0 ? null : oursIs / floorIs;
}
