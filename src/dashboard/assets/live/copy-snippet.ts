/** One listener on the document, because updates of the page can replace the buttons. */
export function enableCopyButtons(): void {
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
  // Screen readers announce the same text again only after it was cleared.
  status.textContent = '';
  try {
    await navigator.clipboard.writeText(code.textContent);
    status.textContent = 'Copied.';
  } catch {
    // Not permitted, or not over HTTPS: the user can copy the selection.
    getSelection()?.selectAllChildren(code);
    status.textContent =
      'The browser did not allow copying. The text is selected: copy it with the keyboard.';
  }
}
