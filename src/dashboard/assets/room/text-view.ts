import { lightUp } from './light-up.ts';
import type { Line, ShownText } from './read-text.ts';
import { writeLine } from './write-line.ts';

/** Shows a text, and keeps it so: what stays is left alone, and what is new lights up. */
export class TextView {
  readonly element = document.createElement('div');
  /** The lines that are shown, in words; `null` while the text is shown without formats. */
  #lines: string[] | null = null;

  constructor() {
    this.element.className = 'node-text';
    this.element.dir = 'auto';
  }

  update({ plain, lines }: ShownText, lights: boolean): void {
    if (lines !== null) this.#showLines(lines, lights);
    else {
      if (this.#lines !== null) this.element.replaceChildren();
      this.#lines = null;
      showPlain(this.element, plain, lights);
    }
  }

  #showLines(lines: readonly Line[], lights: boolean): void {
    const next = lines.map((line) => JSON.stringify(line));
    if (this.#lines === null) this.element.replaceChildren();
    const before = this.#lines ?? [];
    const { head, tail } = sameEnds(before, next);
    const present = [...this.element.children];
    for (const gone of present.slice(head, before.length - tail)) gone.remove();
    const after = present[before.length - tail] ?? null;
    for (const line of lines.slice(head, lines.length - tail)) {
      const element = writeLine(line);
      this.element.insertBefore(element, after);
      if (lights) lightUp(element);
    }
    this.#lines = next;
  }
}

function showPlain(element: HTMLElement, text: string, lights: boolean): void {
  const before = element.textContent;
  if (before === text) return;
  if (!lights) {
    element.textContent = text;
    return;
  }
  const { head, tail } = sameEnds(before, text);
  const news = document.createElement('span');
  news.textContent = text.slice(head, text.length - tail);
  element.replaceChildren(text.slice(0, head), news, text.slice(text.length - tail));
  lightUp(news);
}

/** How much is the same at the beginning and at the end. */
function sameEnds(one: ArrayLike<string>, other: ArrayLike<string>): { head: number; tail: number } {
  const most = Math.min(one.length, other.length);
  let head = 0;
  while (head < most && one[head] === other[head]) head += 1;
  let tail = 0;
  while (tail < most - head && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail += 1;
  return { head, tail };
}
