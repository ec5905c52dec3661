/** Server clock minus browser clock. */
let aheadMs = 0;

/** The browser's clock can be wrong, so ages use the server's clock. */
export const getServerTime = (): number => Date.now() + aheadMs;

/** Reads the time at which the page was rendered. */
export function readServerClock(page: Document): void {
  setServerClock(page.querySelector<HTMLMetaElement>('meta[name="server-time"]')?.content);
}

/** @param time for `Date.parse`; invalid values are ignored */
export function setServerClock(time: string | null | undefined): void {
  const serverMs = Date.parse(time ?? '');
  if (!Number.isNaN(serverMs)) aheadMs = serverMs - Date.now();
}
