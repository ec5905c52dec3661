import { splitContent, splitName, type Piece } from '../../ui/visible-text.ts';

/** Like name.tsx. */
export const renderName = (element: HTMLElement, name: string): void => render(element, splitName(name));

/** For text that is not a name. */
export const renderContent = (element: HTMLElement, text: string): void =>
  render(element, splitContent(text));

function render(element: HTMLElement, pieces: readonly Piece[]): void {
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
