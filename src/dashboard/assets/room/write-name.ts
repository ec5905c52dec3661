import { piecesOf } from '../../visible-text.ts';

/** Writes a name as the server's pages do (name.tsx). */
export function writeName(element: HTMLElement, name: string): void {
  element.replaceChildren(
    ...piecesOf(name).map(({ text, code }) => {
      if (code === null) return text;
      const mark = document.createElement('span');
      mark.className = 'code-point';
      mark.textContent = code;
      return mark;
    }),
  );
}
