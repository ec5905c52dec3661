import { getPageAddress } from './page-address.ts';

/** After this time, a navigation was a download or has failed. */
const NAVIGATION_TIMEOUT_MS = 30_000;

let navigatingSince = -Infinity;

function startNavigation(): void {
  navigatingSince = performance.now();
}

/**
 * Records when the user sends a form or follows a link. Other scripts are separate bundles; they dispatch `page-gone` on
 * `document` when the page must be reloaded.
 */
export function trackNavigation(): void {
  document.addEventListener('page-gone', reload);
  // Before `beforeunload`, which comes later.
  document.addEventListener('submit', (event) => {
    if (!event.defaultPrevented) startNavigation();
  });
  addEventListener('beforeunload', startNavigation);
  // Restored from the back/forward cache.
  addEventListener('pageshow', () => {
    navigatingSince = -Infinity;
  });
}

/** Reloads, except during a navigation: a reload would cancel it, and the user would not see a form's response. */
export function reload(): void {
  if (performance.now() - navigatingSince > NAVIGATION_TIMEOUT_MS) location.replace(getPageAddress());
}
