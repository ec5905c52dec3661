const UNIT_STEP = 1_000;
/** Multiples of a unit that are easy to read. */
const READABLE = [
  1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 600, 800,
];

/** The end of an axis for values up to `most`, above it and easy to read: 41.2 MB has its place below 50 MB. */
export function axisEnd(most: number): number {
  let unit = 1;
  while (most / unit > UNIT_STEP * 0.8) unit *= UNIT_STEP;
  // A little air above the highest value.
  const found = READABLE.find((multiple) => multiple * unit >= most * 1.05);
  return (found ?? UNIT_STEP) * unit;
}
