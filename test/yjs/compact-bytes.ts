import { compact as compactChecked } from '../../src/yjs/compaction.ts';
import { type CheckedUpdate, readTrustedUpdate } from '../../src/yjs/read-update.ts';

/** `compact` for updates as bytes. */
export const compact = (
  updates: readonly Uint8Array[],
  options: Parameters<typeof compactChecked>[1],
): CheckedUpdate | null => compactChecked(updates.map(readTrustedUpdate), options);
