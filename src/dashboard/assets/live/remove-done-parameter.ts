/** Prevents a reload from showing the result of an action again. */
export function removeDoneParameter(): void {
  const url = new URL(location.href);
  if (!url.searchParams.has('done')) return;
  url.searchParams.delete('done');
  history.replaceState(history.state, '', url);
}
