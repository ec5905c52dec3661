/**
 * Lets the programs of a page be copied. It listens to the whole page, since what shows a program may be replaced while the
 * page follows change.
 */
export function offerSnippets(): void {
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button[data-copy]') : null;
    const snippet = button?.closest('[data-snippet]');
    if (snippet !== null && snippet !== undefined) void copy(snippet);
  });
}

async function copy(snippet: Element): Promise<void> {
  const code = snippet.querySelector('code');
  const status = snippet.querySelector('[role="status"]');
  if (code === null || status === null) return;
  // Emptied first, or the same words would not be announced a second time.
  status.textContent = '';
  try {
    await navigator.clipboard.writeText(code.textContent);
    status.textContent = 'Copied.';
  } catch {
    // Not allowed, or not over https: what is selected can be copied by hand.
    getSelection()?.selectAllChildren(code);
    status.textContent = 'This browser does not let pages copy. The text is selected: copy it by hand.';
  }
}
