import { highlight } from './highlight.ts';
import type { Line, ShownText } from './read-text.ts';
import { renderLine } from './render-line.ts';

/** Updates only changed parts of the text and highlights them. */
export class TextView {
  readonly element = document.createElement('div');
  /** The rendered lines as JSON; `null` while the text has no formats. */
  #lines: string[] | null = null;

  constructor() {
    this.element.className = 'node-text';
    this.element.dir = 'auto';
  }

  update({ plain, lines }: ShownText, highlights: boolean): void {
    if (lines !== null) this.#showLines(lines, highlights);
    else {
      if (this.#lines !== null) this.element.replaceChildren();
      this.#lines = null;
      showPlain(this.element, plain, highlights);
    }
  }

  #showLines(lines: readonly Line[], highlights: boolean): void {
    const next = lines.map((line) => JSON.stringify(line));
    if (this.#lines === null) this.element.replaceChildren();
    const before = this.#lines ?? [];
    const { head, tail } = sameEnds(before, next);
    const present = [...this.element.children];
    for (const gone of present.slice(head, before.length - tail)) gone.remove();
    const after = present[before.length - tail] ?? null;
    for (const line of lines.slice(head, lines.length - tail)) {
      const element = renderLine(line);
      this.element.insertBefore(element, after);
      if (highlights) highlight(element);
    }
    this.#lines = next;
  }
}

function showPlain(element: HTMLElement, text: string, highlights: boolean): void {
  const before = element.textContent;
  if (before === text) return;
  if (!highlights) {
    element.textContent = text;
    return;
  }
  const { head, tail } = sameEnds(before, text);
  const inserted = document.createElement('span');
  inserted.textContent = text.slice(head, text.length - tail);
  element.replaceChildren(text.slice(0, head), inserted, text.slice(text.length - tail));
  highlight(inserted);
}

/** Lengths of the common prefix and suffix. */
function sameEnds(one: ArrayLike<string>, other: ArrayLike<string>): { head: number; tail: number } {
  const max = Math.min(one.length, other.length);
  let head = 0;
  while (head < max && one[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < max - head && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail += 1;
  return { head, tail };
}
