import type * as Y from 'yjs';
import { toJson } from './to-json.ts';

export function enableJsonDownload(section: HTMLElement, doc: Y.Doc): void {
  const button = section.querySelector<HTMLButtonElement>('button[data-download-json]');
  if (button === null) return;
  button.hidden = false;
  button.addEventListener('click', () => {
    const url = URL.createObjectURL(new Blob([toJson(doc)], { type: 'application/json' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = button.dataset['downloadJson'] ?? 'room.json';
    link.click();
    // The download has started by then.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  });
}
