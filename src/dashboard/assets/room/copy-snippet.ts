/** Lets the page's program be copied with a token that is good now. */
export function offerSnippet(section: HTMLElement): void {
  const { snippet: place = '' } = section.dataset;
  const code = section.querySelector('[data-snippet-code]');
  const foot = section.querySelector<HTMLElement>('[data-snippet-copy]');
  const status = foot?.querySelector('[role="status"]');
  const program = code?.textContent ?? '';
  // The last one: a room's name may be the same word.
  const at = program.lastIndexOf(place);
  if (code === null || foot === null || status === null || status === undefined || at < 0) return;
  foot.hidden = false;
  foot.querySelector('button')?.addEventListener('click', () => {
    status.textContent = '';
    void copy();
  });

  async function copy(): Promise<void> {
    const token = await readToken();
    if (token === null) {
      tell('There is no token to be had: sign in again, or try once more.');
      return;
    }
    const text = program.slice(0, at) + token + program.slice(at + place.length);
    try {
      await navigator.clipboard.writeText(text);
      tell('Copied, with a token for the next 15 minutes.');
    } catch {
      // Not allowed, or not over https: then it is there to be copied by hand.
      if (code !== null) code.textContent = text;
      tell('This browser does not let pages copy. The program above has a token for the next 15 minutes.');
    }
  }

  function tell(text: string): void {
    if (status !== null && status !== undefined) status.textContent = text;
  }
}

/** `null` where there is none to be had. */
async function readToken(): Promise<string | null> {
  const response = await fetch('/api/auth/token', { cache: 'no-store' }).catch(() => null);
  if (response === null || !response.ok) return null;
  const answer: unknown = await response.json();
  const isToken = typeof answer === 'object' && answer !== null && 'token' in answer;
  return isToken && typeof answer.token === 'string' ? answer.token : null;
}
