import { formatBytes } from '../../ui/format.ts';

/** A room of more bytes is not loaded before its reader says so: he may be on a phone. */
const LARGE_BYTES = 5_000_000;

/** Goes on at once, or after a click where the room is large or was not used for long. */
export function askBeforeLoading(section: HTMLElement, goOn: () => void): void {
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
    goOn();
  }
}
