import { reload } from './reload.ts';
import { renew } from './renew.ts';

/**
 * Puts what has changed of a newly read page into the one that is shown: regions marked `data-live`, and the text alone of
 * elements marked `data-live-text` (which are announced, and would not be if they were others). A region that its reader is
 * writing into, or has a dialog open in, waits for the next time.
 * @param html of the whole page
 * @returns whether anything has changed, and whether nothing had to wait
 */
export function replaceChanged(html: string): { readonly changed: boolean; readonly isWhole: boolean } {
  const page = new DOMParser().parseFromString(html, 'text/html');
  // Another page altogether, such as that of a room which was deleted meanwhile.
  if (kindOf(page) !== kindOf(document)) {
    reload();
    return { changed: false, isWhole: false };
  }
  let changed = false;
  let isWhole = true;
  for (const old of document.querySelectorAll<HTMLElement>('[data-live]')) {
    const next = page.querySelector(`[data-live="${CSS.escape(old.dataset['live'] ?? '')}"]`);
    if (next === null) continue;
    if (isInUse(old)) isWhole = false;
    else changed = renewKeepingFocus(old, next) || changed;
  }
  for (const old of document.querySelectorAll<HTMLElement>('[data-live-text]')) {
    const next = page.querySelector(`[data-live-text="${CSS.escape(old.dataset['liveText'] ?? '')}"]`);
    if (next === null || next.textContent === old.textContent) continue;
    old.textContent = next.textContent;
    changed = true;
  }
  return { changed, isWhole };
}

const kindOf = (page: Document) => page.querySelector('[data-page-kind]')?.getAttribute('data-page-kind');

function renewKeepingFocus(old: HTMLElement, next: Element): boolean {
  const focused = document.activeElement;
  const place = focused !== null && old.contains(focused) ? placeOf(focused, old) : null;
  const changed = renew(old, next);
  if (focused !== null && place !== null && !focused.isConnected) {
    const { selector, index } = place;
    const found = old.querySelectorAll<HTMLElement>(selector);
    // What is gone leaves the focus to what stands where it stood, so that the keyboard goes on from there.
    (found[index] ?? found[0] ?? old.querySelector<HTMLElement>('a, button'))?.focus({ preventScroll: true });
  }
  return changed;
}

function isInUse(region: HTMLElement): boolean {
  const { activeElement } = document;
  const isTyping = activeElement !== null && activeElement.matches('input, textarea, select');
  return (isTyping && region.contains(activeElement)) || region.querySelector('dialog[open]') !== null;
}

/** How to find an element in its region again: by its id, or as the how-many-eth that leads to where it leads. */
function placeOf(element: Element, region: HTMLElement): { selector: string; index: number } | null {
  const href = element.getAttribute('href');
  const selector =
    element.id !== ''
      ? `#${CSS.escape(element.id)}`
      : href !== null
        ? `[href="${CSS.escape(href)}"]`
        : element.localName;
  return { selector, index: [...region.querySelectorAll(selector)].indexOf(element) };
}
