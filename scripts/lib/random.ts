/** Mulberry32 (Tommy Ettinger, public domain): the same numbers on every machine, from 0 to under 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0 to `limit` - 1. */
export const pickBelow = (limit: number, random: () => number): number => Math.floor(random() * limit);

/** @throws if the list is empty */
export function pickFrom<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[pickBelow(items.length, random)];
  if (item === undefined) throw new Error('The list is empty.');
  return item;
}

/** A whole number of at least 1 from a log-normal distribution. */
export function pickLogNormal(median: number, sigma: number, random: () => number): number {
  // Box-Muller; 1 - random() is never 0.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(1, Math.round(median * Math.exp(sigma * normal)));
}
