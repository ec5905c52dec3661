import { buildDoName } from './do-name.ts';
import type { DoType } from './instance.ts';

const MAX_RESOURCE_NAME_BYTES = 256;

/** Cloudflare's documented limit for `ctx.id.name`. */
const MAX_DO_NAME_BYTES = 1_024;

/** Identifies a room. `doName` follows from the other fields, and they follow from it. */
export interface RoomAddress {
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
  readonly doName: string;
}

type AddressResult = { ok: true; address: RoomAddress } | { ok: false; detail: string };

const encoder = new TextEncoder();
/** Unicode's general categories Cc (C0, DEL and C1) and Cs (lone surrogates). */
const FORBIDDEN_CHARACTERS = /[\p{Cc}\p{Cs}]/u;

/** Whether a text contains neither control characters nor lone surrogates. */
export const isPlainText = (text: string): boolean => !FORBIDDEN_CHARACTERS.test(text);

/**
 * Decodes the owner's id in a canonical path.
 * @param encodedUserId one path segment, percent-encoded
 * @returns `null` if it is malformed
 */
export function decodeUserId(encodedUserId: string): string | null {
  let userId: string;
  try {
    userId = decodeURIComponent(encodedUserId);
  } catch {
    // `decodeURIComponent` throws for malformed input only.
    return null;
  }
  return userId !== '' && isPlainText(userId) ? userId : null;
}

/**
 * Checks a room's name and builds its address.
 * @param encodedName one path segment, percent-encoded
 */
export function createRoomAddress(userId: string, doType: DoType, encodedName: string): AddressResult {
  let resourceName: string;
  try {
    resourceName = decodeURIComponent(encodedName);
  } catch {
    return {
      ok: false,
      detail: 'The name is not valid percent-encoded UTF-8. Use encodeURIComponent on it.',
    };
  }
  const bytes = encoder.encode(resourceName).byteLength;
  if (bytes === 0) return { ok: false, detail: 'The name is empty.' };
  if (bytes > MAX_RESOURCE_NAME_BYTES) {
    return {
      ok: false,
      detail: `The name has ${bytes} bytes of UTF-8. At most ${MAX_RESOURCE_NAME_BYTES} are allowed.`,
    };
  }
  if (!isPlainText(resourceName)) {
    return { ok: false, detail: 'The name contains a control character. Remove it.' };
  }
  const doName = buildDoName({ userId, doType, resourceName });
  if (doName.length > MAX_DO_NAME_BYTES) {
    return {
      ok: false,
      detail: `The object's name would have ${doName.length} bytes. At most ${MAX_DO_NAME_BYTES} are allowed.`,
    };
  }
  return { ok: true, address: { userId, doType, resourceName, doName } };
}
