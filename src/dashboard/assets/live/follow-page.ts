import { formatExactTime } from '../../ui/format.ts';
import { ownAddress } from './own-address.ts';
import { replaceChanged } from './replace-changed.ts';
import { serverNow, setServerClock } from './server-clock.ts';

/** Between two questions whether the page has changed, while it does or its reader is at it, and else. */
const LIVELY_EACH_MS = 4_000;
const QUIET_EACH_MS = 15_000;
/** How long after the last change or movement a page counts as lively. */
const LIVELY_FOR_MS = 3 * 60_000;

const SIGN_IN_PATH = '/sign-in';

/**
 * Keeps an open page as the server would render it now: asks for it with the `ETag` that came with it, and where it has
 * changed puts the new in place of the old, region by region. Nothing is asked while the page is hidden, and at once
 * when it is seen again. Pages without regions are left alone.
 */
export function followPage(): void {
  if (document.querySelector('[data-live]') === null) return;
  let etag = document.querySelector<HTMLMetaElement>('meta[name="etag"]')?.content ?? '';
  let livelyUntil = Date.now() + LIVELY_FOR_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;

  const again = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(() => void ask(), Date.now() < livelyUntil ? LIVELY_EACH_MS : QUIET_EACH_MS);
  };

  /** @param anew whatever the server thinks of the page that is shown */
  const ask = async (anew = false) => {
    clearTimeout(timer);
    // It will ask when it is seen.
    if (document.hidden) return;
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    try {
      const response = await fetch(ownAddress(), {
        headers: { accept: 'text/html', ...(anew || etag === '' ? {} : { 'if-none-match': etag }) },
        // The page's own ETag is what is compared, not one of a cache.
        cache: 'no-store',
        signal: mine.signal,
      });
      setBusy(false);
      if (new URL(response.url).pathname === SIGN_IN_PATH)
        return say('You have been signed out.', location.href);
      // A page may be one of something that is not there; what failed has no ETag.
      const isPage = response.ok || response.headers.has('etag');
      if (response.status !== 304 && !isPage) throw new Error(`answered with ${response.status}`);
      if (response.status !== 304) {
        const html = await response.text();
        if (mine.signal.aborted) return;
        const { changed, isWhole } = replaceChanged(html);
        // What had to wait is asked for again.
        if (isWhole) etag = response.headers.get('etag') ?? '';
        if (changed) livelyUntil = Date.now() + LIVELY_FOR_MS;
      }
      setServerClock(response.headers.get('date'));
      nowAsOf();
      say('');
    } catch {
      if (mine.signal.aborted) return;
      setBusy(false);
      say(
        navigator.onLine
          ? 'No answer from the server. Trying again.'
          : 'You are offline. What you see is as it was.',
      );
    }
    again();
  };

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else void ask();
  });
  addEventListener('online', () => void ask());
  addEventListener('offline', () => say('You are offline. What you see is as it was.'));
  /**
   * A script of the page that has changed something asks for what it looks like now; with the detail `anew` where it knows
   * of what the registry was not told yet, by which the server would tell whether the page is still true.
   */
  document.addEventListener('page-changed', (event) => {
    setBusy(!document.hidden);
    void ask('detail' in event && event.detail === 'anew');
  });
  for (const sign of ['pointermove', 'keydown'] as const) {
    addEventListener(
      sign,
      () => {
        const wasQuiet = Date.now() >= livelyUntil;
        livelyUntil = Date.now() + LIVELY_FOR_MS;
        if (wasQuiet) again();
      },
      { passive: true },
    );
  }
  again();
}

/** That what is shown is about to be something else: a slow answer is seen to be on its way (styles/room-filters.css). */
function setBusy(isBusy: boolean): void {
  for (const region of document.querySelectorAll('[data-live]')) {
    if (isBusy) region.setAttribute('aria-busy', 'true');
    else region.removeAttribute('aria-busy');
  }
}

/** Says that what is shown was true when the server answered. */
function nowAsOf(): void {
  const time = document.querySelector<HTMLTimeElement>('time[data-as-of]');
  if (time === null) return;
  const answeredAt = serverNow();
  time.dateTime = new Date(answeredAt).toISOString();
  time.textContent = formatExactTime(answeredAt);
}

/** What the reader should know of the connection; nothing where all is well. */
function say(text: string, signInFor?: string): void {
  const place = document.querySelector('#connection');
  if (place === null || place.textContent === text) return;
  place.textContent = text;
  if (signInFor === undefined) return;
  const link = document.createElement('a');
  const { pathname, search } = new URL(signInFor);
  link.href = `${SIGN_IN_PATH}?${new URLSearchParams({ next: pathname + search }).toString()}`;
  link.textContent = 'Sign in again';
  place.append(' ', link);
}
