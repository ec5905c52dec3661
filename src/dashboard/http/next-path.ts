/** The page after sign-in if no other page is requested. */
export const DEFAULT_NEXT = '/dashboard';
const MAX_NEXT_LENGTH = 2_048;

/**
 * Prevents open redirects: a path that a browser could resolve to another site (`//host`, `/\host`, `https:…`, also after
 * dot segments are resolved) becomes `DEFAULT_NEXT`.
 */
export function getSafeNextPath(next: string | undefined, origin: string): string {
  if (next === undefined || next.length > MAX_NEXT_LENGTH || !next.startsWith('/')) return DEFAULT_NEXT;
  if (!URL.canParse(next, origin)) return DEFAULT_NEXT;
  const url = new URL(next, origin);
  if (url.origin !== origin || url.pathname.startsWith('//')) return DEFAULT_NEXT;
  return url.pathname + url.search;
}

/** The sign-in page, which redirects to `next`. */
export function getSignInPath(next: string): string {
  return next === DEFAULT_NEXT ? '/sign-in' : `/sign-in?${new URLSearchParams({ next }).toString()}`;
}

/** `error` in the address of the sign-in page: a form was sent without a session. */
export const SIGNED_OUT = 'signed_out';

/** The sign-in page after a form was not processed. */
export function getSignInAgainPath(next: string): string {
  return `/sign-in?${new URLSearchParams({ next, error: SIGNED_OUT }).toString()}`;
}
