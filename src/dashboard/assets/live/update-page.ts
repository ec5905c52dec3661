import { reload } from './reload.ts';
import { patchElement } from './patch-element.ts';

/**
 * Updates `data-live` regions, and the text of `data-live-text` elements (screen readers announce them only if the element
 * stays). Regions with a focused input or an open dialog are skipped.
 * @param html of the whole page
 */
export function updatePage(html: string): { readonly changed: boolean; readonly isComplete: boolean } {
  const page = new DOMParser().parseFromString(html, 'text/html');
  // A different page, for example of a room that was deleted.
  if (getPageKind(page) !== getPageKind(document)) {
    reload();
    return { changed: false, isComplete: false };
  }
  let changed = false;
  let isComplete = true;
  for (const old of document.querySelectorAll<HTMLElement>('[data-live]')) {
    const next = page.querySelector(`[data-live="${CSS.escape(old.dataset['live'] ?? '')}"]`);
    if (next === null) continue;
    if (isInUse(old)) isComplete = false;
    else changed = patchKeepingFocus(old, next) || changed;
  }
  for (const old of document.querySelectorAll<HTMLElement>('[data-live-text]')) {
    const next = page.querySelector(`[data-live-text="${CSS.escape(old.dataset['liveText'] ?? '')}"]`);
    if (next === null || next.textContent === old.textContent) continue;
    old.textContent = next.textContent;
    changed = true;
  }
  return { changed, isComplete };
}

const getPageKind = (page: Document) =>
  page.querySelector('[data-page-kind]')?.getAttribute('data-page-kind');

function patchKeepingFocus(old: HTMLElement, next: Element): boolean {
  const focused = document.activeElement;
  const position = focused !== null && old.contains(focused) ? getPosition(focused, old) : null;
  const changed = patchElement(old, next);
  if (focused !== null && position !== null && !focused.isConnected) {
    const { selector, index } = position;
    const found = old.querySelectorAll<HTMLElement>(selector);
    // A removed element passes the focus to the element in its place.
    (found[index] ?? found[0] ?? old.querySelector<HTMLElement>('a, button'))?.focus({ preventScroll: true });
  }
  return changed;
}

function isInUse(region: HTMLElement): boolean {
  const { activeElement } = document;
  const isTyping = activeElement !== null && activeElement.matches('input, textarea, select');
  return (isTyping && region.contains(activeElement)) || region.querySelector('dialog[open]') !== null;
}

/** Selector and index to find the element after the update: by id, or by link target. */
function getPosition(element: Element, region: HTMLElement): { selector: string; index: number } | null {
  const href = element.getAttribute('href');
  const selector =
    element.id !== ''
      ? `#${CSS.escape(element.id)}`
      : href !== null
        ? `[href="${CSS.escape(href)}"]`
        : element.localName;
  return { selector, index: [...region.querySelectorAll(selector)].indexOf(element) };
}
