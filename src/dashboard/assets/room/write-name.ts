import { contentPiecesOf, piecesOf, type Piece } from '../../ui/visible-text.ts';

/** Writes a name as the server's pages do (name.tsx). */
export const writeName = (element: HTMLElement, name: string): void => write(element, piecesOf(name));

/** Writes a value or something else that is no name. */
export const writeContent = (element: HTMLElement, text: string): void =>
  write(element, contentPiecesOf(text));

function write(element: HTMLElement, pieces: readonly Piece[]): void {
  element.replaceChildren(
    ...pieces.map(({ text, code }) => {
      if (code === null) return text;
      const mark = document.createElement('span');
      mark.className = 'code-point';
      mark.textContent = code;
      return mark;
    }),
  );
}
