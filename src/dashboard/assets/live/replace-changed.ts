/**
 * Puts the regions of a newly read page in place of those that differ. One that its reader is writing into, or has a
 * dialog open in, waits for the next time.
 * @param html of the whole page
 * @returns whether anything was replaced
 */
export function replaceChanged(html: string): boolean {
  const page = new DOMParser().parseFromString(html, 'text/html');
  let replaced = false;
  for (const old of document.querySelectorAll<HTMLElement>('[data-live]')) {
    const next = page.querySelector<HTMLElement>(`[data-live="${CSS.escape(old.dataset['live'] ?? '')}"]`);
    if (next === null || withoutAges(next) === withoutAges(old) || isInUse(old)) continue;
    for (const details of old.querySelectorAll<HTMLDetailsElement>('details[open][id]')) {
      next.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute('open', '');
    }
    const focused = placeOf(document.activeElement, old);
    old.replaceWith(document.adoptNode(next));
    if (focused !== null) next.querySelector<HTMLElement>(focused)?.focus({ preventScroll: true });
    replaced = true;
  }
  return replaced;
}

/** What "2 minutes ago" says changes by itself. */
function withoutAges(region: HTMLElement): string {
  const copy = document.importNode(region, true);
  for (const time of copy.querySelectorAll('time[data-ago]')) time.textContent = '';
  for (const details of copy.querySelectorAll('details')) details.removeAttribute('open');
  return copy.outerHTML;
}

function isInUse(region: HTMLElement): boolean {
  const { activeElement } = document;
  const isTyping = activeElement !== null && activeElement.matches('input, textarea, select');
  return (isTyping && region.contains(activeElement)) || region.querySelector('dialog[open]') !== null;
}

/** How to find what has the focus in the new region, by its id or where it leads. */
function placeOf(focused: Element | null, region: HTMLElement): string | null {
  if (focused === null || !region.contains(focused)) return null;
  if (focused.id !== '') return `#${CSS.escape(focused.id)}`;
  const href = focused.getAttribute('href');
  return href === null ? null : `[href="${CSS.escape(href)}"]`;
}
