import type { ContentNode } from './read-content.ts';
import { lightUp } from './light-up.ts';
import { TextView } from './text-view.ts';
import { say } from './words.ts';
import { writeContent, writeName } from './write-name.ts';

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
  readonly #text: TextView | null;
  readonly #details: HTMLDetailsElement | null;
  readonly #list = document.createElement('ul');
  readonly #more = document.createElement('button');
  readonly #children = new Map<string, NodeView>();
  #node: ContentNode;
  #saidNow = '';
  #most: number;

  constructor(node: ContentNode, shown: Shown, isNew: boolean) {
    this.#node = node;
    this.#shown = shown;
    const holds = HOLDERS.has(node.kind);
    this.#text = node.text === null ? null : new TextView();
    this.#most = holds ? CHILDREN_AT_FIRST : CHARACTERS_AT_FIRST;
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
    this.#head.append(this.#said, ' ', this.#meta);
    this.#more.type = 'button';
    this.#more.className = 'quiet node-more';
    this.#more.addEventListener('click', () => {
      this.#most += this.#details === null ? MORE_CHARACTERS : MORE_CHILDREN;
      this.#write(false);
    });
    if (this.#details === null) {
      this.element.append(this.#head, ...(this.#text === null ? [] : [this.#text.element]), this.#more);
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

  #say(said: string, lights: boolean): void {
    if (this.#saidNow === said) return;
    this.#saidNow = said;
    writeContent(this.#said, said);
    if (lights) lightUp(this.#said);
  }

  #write(lights: boolean): void {
    const { kind, label, size, text } = this.#node;
    this.#say(this.#node.say(CHARACTERS_OF_A_VALUE), lights);
    this.#details?.classList.toggle('is-empty', size === 0);
    if (text !== null) this.#text?.update(text(this.#most), lights);
    // In a tree of elements a text stands for itself.
    const meta = kind === 'text' && label === null ? '' : say(this.#node);
    if (this.#meta.textContent !== meta) this.#meta.textContent = meta;
    if (this.#details?.open === true) {
      const nodes = this.#node.children(this.#most);
      reconcile(this.#list, this.#children, nodes, (node) => new NodeView(node, this.#shown, lights));
    }
    const hasMore = (this.#details !== null || text !== null) && size > this.#most;
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
