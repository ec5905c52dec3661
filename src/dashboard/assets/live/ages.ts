import { formatAgo } from '../../ui/format.ts';
import { serverNow } from './server-clock.ts';

const EACH_MS = 5_000;

/** Keeps "2 minutes ago" true on a page that stays open. */
export function keepAgesTrue(): void {
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-ago]')) {
      const said = formatAgo(Date.parse(time.dateTime), serverNow());
      if (time.textContent !== said) time.textContent = said;
    }
  }, EACH_MS);
}
