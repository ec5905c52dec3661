/** The search is sent after this time without input. */
const DEBOUNCE_MS = 200;

/** Updates the address and the page while the user types. The form is not replaced, so it keeps its focus and selection. */
function searchWhileTyping(): void {
  const form = document.querySelector<HTMLFormElement>('#room-search');
  if (form === null) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const search = () => {
    clearTimeout(timer);
    const address = getAddress(form);
    if (address === location.pathname + location.search) return;
    // No history entry per letter.
    history.replaceState(null, '', address);
    document.dispatchEvent(new Event('page-changed'));
  };
  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, DEBOUNCE_MS);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    search();
  });
}

/** The address that a submit of the form would open. */
function getAddress(form: HTMLFormElement): string {
  const fields = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : [],
  );
  return `${new URL(form.action).pathname}?${new URLSearchParams(fields).toString()}`;
}

searchWhileTyping();
