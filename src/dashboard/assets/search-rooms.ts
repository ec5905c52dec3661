/** How long nothing is typed until the search is sent. */
const SETTLED_MS = 200;

/**
 * Sends the search while it is typed: the address becomes that of the search, and the page is asked for what it looks like now.
 * The form itself stays as it is, so focus and selection do too.
 */
function searchWhileTyping(): void {
  const form = document.querySelector<HTMLFormElement>('#room-search');
  if (form === null) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const search = () => {
    clearTimeout(timer);
    const address = addressOf(form);
    if (address === location.pathname + location.search) return;
    // Not a step of the history for each letter.
    history.replaceState(null, '', address);
    document.dispatchEvent(new Event('page-changed'));
  };
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, SETTLED_MS);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    search();
  });
}

/** Where the browser would go if it sent the form. */
function addressOf(form: HTMLFormElement): string {
  const fields = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : [],
  );
  return `${new URL(form.action).pathname}?${new URLSearchParams(fields).toString()}`;
}

searchWhileTyping();
