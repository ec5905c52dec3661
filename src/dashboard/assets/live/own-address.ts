/**
 * Where the page that is shown can be asked for again: what a refused form is answered with stands at the form's address, and
 * names its own. Without a fragment, since going to one loads nothing.
 */
export function ownAddress(): string {
  const canonical = document.querySelector<HTMLLinkElement>('link[rel="canonical"]')?.href;
  return canonical ?? location.pathname + location.search;
}
