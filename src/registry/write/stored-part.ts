/**
 * What a row stores of a user's id or a room's name, next to `do_name`: nothing where it stands there as it is. SQL cannot decode
 * what is percent-encoded.
 */
export function storedPart(part: string): string | null {
  return encodeURIComponent(part) === part ? null : part;
}
