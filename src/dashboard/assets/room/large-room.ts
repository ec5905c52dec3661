import { formatBytes } from '../../format.ts';

/** A room of more bytes is not loaded before its reader says so: he may be on a phone. */
const LARGE_BYTES = 5_000_000;

/** Goes on at once, or after a click where the room is large. */
export function askForLarge(section: HTMLElement, goOn: () => void): void {
  const bytes = Number(section.dataset['bytes']);
  const waiting = section.querySelector<HTMLElement>('[data-waiting]');
  if (bytes <= LARGE_BYTES || waiting === null) return start();
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'quiet';
  button.textContent = `Load the content (up to ${formatBytes(bytes)})`;
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
