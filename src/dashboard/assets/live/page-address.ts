/**
 * The address to load the page from. A rejected form is shown at the form's address, and its canonical link is the page. No
 * fragment, because navigating to one does not load.
 */
export function getPageAddress(): string {
  const canonical = document.querySelector<HTMLLinkElement>('link[rel="canonical"]')?.href;
  return canonical ?? location.pathname + location.search;
}
