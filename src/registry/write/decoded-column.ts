/**
 * The value of `decoded_user_id` or `decoded_name`: `null` if `do_name` contains the text unchanged. Needed because SQL cannot
 * decode percent-encoding.
 */
export function getDecodedColumn(part: string): string | null {
  return encodeURIComponent(part) === part ? null : part;
}
