/** In the unit of the picture's width and height. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides a rectangle into boxes with areas in proportion to weights, close to squares (Bruls, Huizing and van Wijk,
 * "Squarified Treemaps", 2000).
 * @param weights positive, largest first
 * @returns a box for each weight, in order
 */
export function squarify(weights: readonly number[], width: number, height: number): Box[] {
  const boxes: Box[] = [];
  let left: Box = { x: 0, y: 0, width, height };
  let weight = weights.reduce((sum, next) => sum + next, 0);
  let from = 0;
  while (from < weights.length) {
    const side = Math.min(left.width, left.height);
    // Area per weight.
    const scale = (left.width * left.height) / weight;
    const row = readRow(weights, from, side, scale);
    const sum = row.reduce((total, next) => total + next, 0);
    const depth = (sum * scale) / side;
    const isColumn = left.width >= left.height;
    let along = 0;
    for (const one of row) {
      const length = (one / sum) * side;
      boxes.push(
        isColumn
          ? { x: left.x, y: left.y + along, width: depth, height: length }
          : { x: left.x + along, y: left.y, width: length, height: depth },
      );
      along += length;
    }
    left = isColumn
      ? { ...left, x: left.x + depth, width: Math.max(0, left.width - depth) }
      : { ...left, y: left.y + depth, height: Math.max(0, left.height - depth) };
    weight -= sum;
    from += row.length;
  }
  return boxes;
}

/** Adds weights to a row along `side` while its worst aspect ratio does not get worse. */
function readRow(weights: readonly number[], from: number, side: number, scale: number): number[] {
  const row: number[] = [];
  let sum = 0;
  let worst = Number.POSITIVE_INFINITY;
  for (const weight of weights.slice(from)) {
    const grown = sum + weight;
    const first = row[0] ?? weight;
    const square = (grown * grown * scale) / (side * side);
    const next = Math.max(first / square, square / weight);
    if (row.length > 0 && next > worst) break;
    row.push(weight);
    sum = grown;
    worst = next;
  }
  return row;
}
