import { formatBytes } from '../../ui/format.ts';

/** Larger rooms load only on request, because the connection may be metered. */
const LARGE_BYTES = 5_000_000;

/** Loads at once, or after a click if the room is large or was not used for a long time. */
export function askBeforeLoading(section: HTMLElement, load: () => void): void {
  const bytes = Number(section.dataset['bytes']);
  const isUnused = section.dataset['unused'] === 'true';
  const waiting = section.querySelector<HTMLElement>('[data-waiting]');
  if (waiting === null || (bytes <= LARGE_BYTES && !isUnused)) return start();
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  const size = `up to ${formatBytes(bytes)}`;
  button.textContent = `Load the content (${isUnused ? `${size}, and counts as a use` : size})`;
  button.addEventListener('click', () => {
    button.remove();
    start();
  });
  waiting.before(button);

  function start(): void {
    if (waiting !== null) waiting.hidden = false;
    load();
  }
}
