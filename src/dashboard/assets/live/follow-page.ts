import { formatExactTime } from '../../ui/format.ts';
import { getPageAddress } from './page-address.ts';
import { updatePage } from './update-page.ts';
import { getServerTime, setServerClock } from './server-clock.ts';

/** Polling intervals: after a recent change or user input, and otherwise. */
const ACTIVE_INTERVAL_MS = 4_000;
const IDLE_INTERVAL_MS = 15_000;
/** A page is active for this time after the last change or input. */
const ACTIVE_FOR_MS = 3 * 60_000;

const SIGN_IN_PATH = '/sign-in';

/**
 * Polls the page with its `ETag` and replaces changed regions. A hidden page does not poll; it polls at once when it becomes
 * visible. Does nothing on pages without `data-live` regions.
 */
export function followPage(): void {
  if (document.querySelector('[data-live]') === null) return;
  let etag = document.querySelector<HTMLMetaElement>('meta[name="etag"]')?.content ?? '';
  let activeUntil = Date.now() + ACTIVE_FOR_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pending: AbortController | null = null;

  const schedule = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(() => void poll(), Date.now() < activeUntil ? ACTIVE_INTERVAL_MS : IDLE_INTERVAL_MS);
  };

  /** @param isUnconditional sends no `If-None-Match` */
  const poll = async (isUnconditional = false) => {
    clearTimeout(timer);
    if (document.hidden) return;
    pending?.abort();
    const current = new AbortController();
    pending = current;
    try {
      const response = await fetch(getPageAddress(), {
        headers: {
          accept: 'text/html',
          ...(isUnconditional || etag === '' ? {} : { 'if-none-match': etag }),
        },
        // The HTTP cache must not replace the page's own ETag.
        cache: 'no-store',
        signal: current.signal,
      });
      setBusy(false);
      if (new URL(response.url).pathname === SIGN_IN_PATH)
        return showStatus('You have been signed out.', location.href);
      // A 404 page can be live too and has an ETag; error pages have none.
      const isPage = response.ok || response.headers.has('etag');
      if (response.status !== 304 && !isPage) throw new Error(`The server returned ${response.status}.`);
      if (response.status !== 304) {
        const html = await response.text();
        if (current.signal.aborted) return;
        const { changed, isComplete } = updatePage(html);
        // Otherwise the next poll requests the skipped regions again.
        if (isComplete) etag = response.headers.get('etag') ?? '';
        if (changed) activeUntil = Date.now() + ACTIVE_FOR_MS;
      }
      setServerClock(response.headers.get('date'));
      updateReadTime();
      showStatus('');
    } catch {
      if (current.signal.aborted) return;
      setBusy(false);
      showStatus(
        navigator.onLine
          ? 'The server does not respond. Retrying.'
          : 'You are offline. The page is not up to date.',
      );
    }
    schedule();
  };

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else void poll();
  });
  addEventListener('online', () => void poll());
  addEventListener('offline', () => showStatus('You are offline. The page is not up to date.'));
  // Other scripts dispatch it. The detail `unconditional` is for changes that the registry does not have yet, so that the
  // page's ETag has not changed.
  document.addEventListener('page-changed', (event) => {
    setBusy(!document.hidden);
    void poll('detail' in event && event.detail === 'unconditional');
  });
  for (const type of ['pointermove', 'keydown'] as const) {
    addEventListener(
      type,
      () => {
        const wasIdle = Date.now() >= activeUntil;
        activeUntil = Date.now() + ACTIVE_FOR_MS;
        if (wasIdle) schedule();
      },
      { passive: true },
    );
  }
  schedule();
}

/** Shows that a response is pending (styles/room-filters.css). */
function setBusy(isBusy: boolean): void {
  for (const region of document.querySelectorAll('[data-live]')) {
    if (isBusy) region.setAttribute('aria-busy', 'true');
    else region.removeAttribute('aria-busy');
  }
}

function updateReadTime(): void {
  const time = document.querySelector<HTMLTimeElement>('time[data-as-of]');
  if (time === null) return;
  const readAt = getServerTime();
  time.dateTime = new Date(readAt).toISOString();
  time.textContent = formatExactTime(readAt);
}

/** @param text '' if the connection works */
function showStatus(text: string, signInNext?: string): void {
  const place = document.querySelector('#connection');
  if (place === null || place.textContent === text) return;
  place.textContent = text;
  if (signInNext === undefined) return;
  const link = document.createElement('a');
  const { pathname, search } = new URL(signInNext);
  link.href = `${SIGN_IN_PATH}?${new URLSearchParams({ next: pathname + search }).toString()}`;
  link.textContent = 'Sign in again';
  place.append(' ', link);
}
