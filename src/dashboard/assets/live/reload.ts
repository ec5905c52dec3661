import { ownAddress } from './own-address.ts';

/** A form or a link that has led nowhere for so long was a download, or failed, in milliseconds. */
const LEAVING_FOR_MS = 30_000;

let leavingSince = -Infinity;

function leave(): void {
  leavingSince = performance.now();
}

/**
 * Notes when the reader goes elsewhere: sends a form, or follows a link. Other scripts dispatch `page-gone` on `document` when they
 * know that another page has taken the place of this one: each is bundled by itself and has no state in common with this.
 */
export function noteLeaving(): void {
  document.addEventListener('page-gone', reload);
  // At once: the browser begins to send a form a moment later.
  document.addEventListener('submit', (event) => {
    if (!event.defaultPrevented) leave();
  });
  addEventListener('beforeunload', leave);
  // It is shown again as it was left.
  addEventListener('pageshow', () => {
    leavingSince = -Infinity;
  });
}

/**
 * Loads the page that has taken the place of this one, unless the reader is on the way elsewhere: loading would end that, and a form
 * that was sent would be answered unseen.
 */
export function reload(): void {
  if (performance.now() - leavingSince > LEAVING_FOR_MS) location.replace(ownAddress());
}
