/** Code with a copy button (assets/live/copy-snippet.ts). */
export function Snippet({ label, code }: { label: string; code: string }) {
  return (
    <div class="snippet" data-snippet>
      <pre tabindex={0} role="region" aria-label={label}>
        <code>{code}</code>
      </pre>
      <p class="copy">
        <button class="quiet" type="button" data-copy aria-label={`Copy: ${label}`}>
          Copy
        </button>
        <span class="hint" role="status" />
      </p>
    </div>
  );
}
