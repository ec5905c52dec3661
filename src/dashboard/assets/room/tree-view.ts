import type { ContentNode } from './read-content.ts';
import { say } from './words.ts';
import { writeName } from './write-name.ts';

/** How many children and characters are shown at first, and how many more when asked for. */
const CHILDREN_AT_FIRST = 50;
const MORE_CHILDREN = 200;
const CHARACTERS_AT_FIRST = 2_000;
const MORE_CHARACTERS = 20_000;
/** Of a value or a tag: nobody reads more in a line. */
const CHARACTERS_OF_A_VALUE = 1_000;
/** How many parts a page shows opened, before its reader opens more himself. */
const OPENED_AT_FIRST = 200;

/** The parts that are shown so far, of a whole tree. */
interface Shown {
  opened: number;
}

/**
 * Shows content as a tree, and keeps it so: what stays is left alone (the reader's focus, what he opened, where he has
 * scrolled to), what is new or has changed lights up for a moment. Everything that comes from the document is text.
 */
export class TreeView {
  readonly #list = document.createElement('ul');
  readonly #children = new Map<string, NodeView>();
  readonly #shown: Shown = { opened: 0 };
  #isFirst = true;

  constructor(place: Element) {
    this.#list.className = 'nodes';
    place.append(this.#list);
  }

  update(nodes: readonly ContentNode[]): void {
    reconcile(this.#list, this.#children, nodes, (node) => new NodeView(node, this.#shown, !this.#isFirst));
    this.#isFirst = false;
  }
}

class NodeView {
  readonly element = document.createElement('li');
  readonly #shown: Shown;
  readonly #head: HTMLElement;
  readonly #said = document.createElement('span');
  readonly #meta = document.createElement('span');
  readonly #details: HTMLDetailsElement | null;
  readonly #list = document.createElement('ul');
  readonly #more = document.createElement('button');
  readonly #children = new Map<string, NodeView>();
  #node: ContentNode;
  #most: number;

  constructor(node: ContentNode, shown: Shown, isNew: boolean) {
    this.#node = node;
    this.#shown = shown;
    const holds = HOLDERS.has(node.kind);
    this.#most = holds
      ? CHILDREN_AT_FIRST
      : node.kind === 'text'
        ? CHARACTERS_AT_FIRST
        : CHARACTERS_OF_A_VALUE;
    this.#details = holds ? document.createElement('details') : null;
    this.#head = document.createElement(holds ? 'summary' : 'div');
    this.#build();
    this.#write(isNew);
    if (isNew) lightUp(this.element);
  }

  /** Whether this view can show that node too. */
  fits({ kind, label }: ContentNode): boolean {
    return kind === this.#node.kind && label === this.#node.label;
  }

  update(node: ContentNode): void {
    this.#node = node;
    this.#write(true);
  }

  #build(): void {
    const { kind, label } = this.#node;
    this.element.className = `node ${kind}`;
    if (label !== null) {
      const name = document.createElement('bdi');
      name.className = 'node-label';
      if (label === '') name.textContent = '(no name)';
      else writeName(name, label.slice(0, CHARACTERS_OF_A_VALUE));
      this.#head.append(name, ' ');
    }
    this.#meta.className = 'node-meta';
    this.#said.className = 'node-said';
    this.#said.dir = 'auto';
    if (kind === 'text') this.#head.append(this.#meta);
    else this.#head.append(this.#said, ' ', this.#meta);
    this.#more.type = 'button';
    this.#more.className = 'quiet node-more';
    this.#more.addEventListener('click', () => {
      this.#most += this.#details === null ? MORE_CHARACTERS : MORE_CHILDREN;
      this.#write(false);
    });
    if (this.#details === null) {
      this.element.append(this.#head, ...(kind === 'text' ? [this.#said] : []), this.#more);
      return;
    }
    this.#list.className = 'nodes';
    this.#details.append(this.#head, this.#list, this.#more);
    this.element.append(this.#details);
    if (this.#shown.opened < OPENED_AT_FIRST) {
      this.#shown.opened += 1;
      this.#details.open = true;
    }
    this.#details.addEventListener('toggle', () => this.#write(false));
  }

  #write(lights: boolean): void {
    const { kind, size } = this.#node;
    if (kind !== 'text') set(this.#said, this.#node.say(CHARACTERS_OF_A_VALUE), lights);
    else setPart(this.#said, this.#node.say(this.#most), lights);
    const meta = say(this.#node);
    if (this.#meta.textContent !== meta) this.#meta.textContent = meta;
    if (this.#details?.open === true) {
      const nodes = this.#node.children(this.#most);
      reconcile(this.#list, this.#children, nodes, (node) => new NodeView(node, this.#shown, lights));
    }
    const hasMore = (this.#details !== null || kind === 'text') && size > this.#most;
    this.#more.hidden = !hasMore;
    if (hasMore) this.#more.textContent = `Show more (${(size - this.#most).toLocaleString('en-US')} left)`;
  }
}

const HOLDERS: ReadonlySet<ContentNode['kind']> = new Set(['map', 'list', 'xml', 'element']);

/** Makes the list show these nodes, with the views that are there as far as they fit. */
function reconcile(
  list: HTMLElement,
  views: Map<string, NodeView>,
  nodes: readonly ContentNode[],
  make: (node: ContentNode) => NodeView,
): void {
  const keys = new Set(nodes.map(({ key }) => key));
  for (const [key, view] of views) {
    if (keys.has(key)) continue;
    view.element.remove();
    views.delete(key);
  }
  let place: Element | null = list.firstElementChild;
  for (const node of nodes) {
    const known = views.get(node.key);
    const view = known?.fits(node) === true ? known : make(node);
    if (view === known) view.update(node);
    else {
      if (known?.element === place) place = known?.element.nextElementSibling ?? null;
      known?.element.remove();
      views.set(node.key, view);
    }
    if (view.element === place) place = place.nextElementSibling;
    else list.insertBefore(view.element, place);
  }
}

function set(element: HTMLElement, text: string, lights: boolean): void {
  if (element.textContent === text) return;
  element.textContent = text;
  if (lights) lightUp(element);
}

/** The same, and only what is new between the same beginning and end lights up. */
function setPart(element: HTMLElement, text: string, lights: boolean): void {
  const before = element.textContent;
  if (before === text) return;
  if (!lights) {
    element.textContent = text;
    return;
  }
  const most = Math.min(before.length, text.length);
  let head = 0;
  while (head < most && before[head] === text[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === text[text.length - 1 - tail]) tail += 1;
  const news = document.createElement('span');
  news.textContent = text.slice(head, text.length - tail);
  element.replaceChildren(text.slice(0, head), news, text.slice(text.length - tail));
  lightUp(news);
}

/** For a moment; how is a matter of the stylesheet, and not at all where the reader wants no motion. */
function lightUp(element: HTMLElement): void {
  element.classList.remove('fresh');
  // So that the animation begins anew.
  void element.offsetWidth;
  element.classList.add('fresh');
}
