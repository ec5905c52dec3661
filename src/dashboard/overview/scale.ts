const UNIT_STEP = 1_000;
/** Multiples of a unit that are easy to read. */
const READABLE = [
  1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 600, 800,
];

/** A readable end of an axis for values up to `max`: 50 MB for 41.2 MB. */
export function getAxisEnd(max: number): number {
  let unit = 1;
  while (max / unit > UNIT_STEP * 0.8) unit *= UNIT_STEP;
  // At least 5 % above the highest value.
  const found = READABLE.find((multiple) => multiple * unit >= max * 1.05);
  return (found ?? UNIT_STEP) * unit;
}
