/** How far the server's clock is ahead of the browser's, in milliseconds. */
let aheadMs = 0;

/** What time it is for the server, as far as its answers have said. The browser's clock may be wrong by days. */
export const serverNow = (): number => Date.now() + aheadMs;

/** Reads the server's clock from the page, which names the time it was made at. */
export function readServerClock(page: Document): void {
  setServerClock(page.querySelector<HTMLMetaElement>('meta[name="server-time"]')?.content);
}

/** @param time in a format that `Date.parse` reads; anything else changes nothing */
export function setServerClock(time: string | null | undefined): void {
  const serverMs = Date.parse(time ?? '');
  if (!Number.isNaN(serverMs)) aheadMs = serverMs - Date.now();
}
