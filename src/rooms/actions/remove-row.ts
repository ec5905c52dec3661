import type { RoomAddress } from '../../domain/room-address.ts';
import type { CreateRegistry, RoomContext } from './record-use.ts';
import { describeError } from '../../lib/log-text.ts';

/** A deletion waits this long for its row to go, in milliseconds; the room sees to it afterwards. */
const REMOVE_ROW_WITHIN_MS = 2_000;

/**
 * Takes a deleted room's row out of the registry, and waits for it a while.
 * @returns a D1 bookmark for the owner's next read; `null` where the row is not gone yet
 */
export async function removeRow(
  c: RoomContext,
  { doName }: RoomAddress,
  createdAt: number,
  createRegistry: CreateRegistry,
): Promise<string | null> {
  const removal = createRegistry(c.env)
    .remove({ doName, createdAt })
    .then(
      ({ bookmark }) => bookmark,
      (error: unknown) => {
        // The room has an alarm set that removes the row until it is gone.
        console.error({
          event: 'row of a deleted room not removed yet',
          doName,
          error: describeError(error),
        });
        return null;
      },
    );
  c.executionCtx.waitUntil(removal);
  return Promise.race([
    removal,
    new Promise<null>((resolve) => setTimeout(resolve, REMOVE_ROW_WITHIN_MS, null)),
  ]);
}
