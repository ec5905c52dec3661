import type { RoomAddress } from '../../domain/room-address.ts';
import { describeError } from '../../lib/log-text.ts';
import { within } from '../../lib/within.ts';
import type { ActionContext } from './action-context.ts';

/** How long a deletion waits for the registry. Afterwards the room's alarm removes the row. */
const REMOVE_ROW_TIMEOUT_MS = 2_000;

/**
 * Removes a deleted room's row from the registry and waits for that for a limited time.
 * @returns a D1 bookmark for the owner's next read; `null` if the row is not removed yet
 */
export async function removeRegistryRow(
  { registry, waitUntil }: ActionContext,
  { doName }: RoomAddress,
  createdAt: number,
): Promise<string | null> {
  const removal = registry.remove({ doName, createdAt }).then(
    ({ bookmark }) => bookmark,
    (error: unknown) => {
      // The room's alarm retries until the row is gone.
      console.error({ event: 'row_not_removed', doName, error: describeError(error) });
      return null;
    },
  );
  waitUntil(removal);
  // `removal` never rejects, so only the timeout does.
  return within(REMOVE_ROW_TIMEOUT_MS, removal).catch(() => null);
}
