/** So many connections are opened at the same time. */
const AT_ONCE = 50;

/** Creates `count` items in batches. */
export async function inBatches<T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let start = 0; start < count; start += AT_ONCE) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, index) => start + index);
    made.push(...(await Promise.all(indexes.map(make))));
  }
  return made;
}
