/** Where to go after signing in, where nothing better is asked for. */
export const DEFAULT_NEXT = '/dashboard';
const MAX_NEXT_LENGTH = 2_048;

/**
 * A path of this site to go on to, from what a stranger may have put into a link. Whatever a browser could take for
 * another site (`//host`, `/\host`, `https:…`, also once dots are resolved) becomes `DEFAULT_NEXT`.
 */
export function safeNextPath(next: string | undefined, origin: string): string {
  if (next === undefined || next.length > MAX_NEXT_LENGTH || !next.startsWith('/')) return DEFAULT_NEXT;
  if (!URL.canParse(next, origin)) return DEFAULT_NEXT;
  const url = new URL(next, origin);
  if (url.origin !== origin || url.pathname.startsWith('//')) return DEFAULT_NEXT;
  return url.pathname + url.search;
}

/** The sign-in page that leads on to `next`. */
export function signInPath(next: string): string {
  return next === DEFAULT_NEXT ? '/sign-in' : `/sign-in?${new URLSearchParams({ next }).toString()}`;
}

/** In the sign-in page's address, as `error`: a form came from somebody who is not signed in any more. */
export const SIGNED_OUT = 'signed_out';

/** The same for a form that was not carried out. */
export function signInAgainPath(next: string): string {
  return `/sign-in?${new URLSearchParams({ next, error: SIGNED_OUT }).toString()}`;
}
