/**
 * Processes items in order, at most `maxParallel` at a time. After a failure it starts no further item, and rejects.
 * @param maxParallel at least 1
 */
export async function inParallel<Item>(
  items: readonly Item[],
  maxParallel: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  // The workers share one iterator.
  const remaining = items.values();
  const worker = async () => {
    for (const item of remaining) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(maxParallel, items.length) }, worker));
}
