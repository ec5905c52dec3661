import { formatAgo } from '../../ui/format.ts';
import { getServerTime } from './server-clock.ts';

const INTERVAL_MS = 5_000;

/** Updates texts such as "2 minutes ago" on an open page. */
export function updateAges(): void {
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-ago]')) {
      const text = formatAgo(Date.parse(time.dateTime), getServerTime());
      if (time.textContent !== text) time.textContent = text;
    }
  }, INTERVAL_MS);
}
