import type { ContentNode } from './read-content.ts';
import { highlight } from './highlight.ts';
import { TextView } from './text-view.ts';
import { describeNode } from './describe-node.ts';
import { renderContent, renderName } from './render-name.ts';

/** Shown at first, and added by "Show more". */
const INITIAL_CHILDREN = 50;
const MORE_CHILDREN = 200;
const INITIAL_CHARACTERS = 2_000;
const MORE_CHARACTERS = 20_000;
/** Longer values and tags are truncated. */
const MAX_VALUE_CHARACTERS = 1_000;
/** Nodes that are open at first. */
const MAX_INITIALLY_OPEN = 200;

/** Shared by all nodes of a tree. */
interface TreeState {
  opened: number;
}

/**
 * Shows content as a tree. Updates keep focus, open nodes and scroll position, and highlight changes. All content of the
 * document is rendered as text.
 */
export class TreeView {
  readonly #list = document.createElement('ul');
  readonly #children = new Map<string, NodeView>();
  readonly #tree: TreeState = { opened: 0 };
  #isFirst = true;

  constructor(place: Element) {
    this.#list.className = 'nodes';
    place.append(this.#list);
  }

  update(nodes: readonly ContentNode[]): void {
    reconcile(this.#list, this.#children, nodes, (node) => new NodeView(node, this.#tree, !this.#isFirst));
    this.#isFirst = false;
  }
}

class NodeView {
  readonly element = document.createElement('li');
  readonly #tree: TreeState;
  readonly #head: HTMLElement;
  readonly #value = document.createElement('span');
  readonly #meta = document.createElement('span');
  readonly #text: TextView | null;
  readonly #details: HTMLDetailsElement | null;
  readonly #list = document.createElement('ul');
  readonly #more = document.createElement('button');
  readonly #children = new Map<string, NodeView>();
  #node: ContentNode;
  #valueText = '';
  #limit: number;

  constructor(node: ContentNode, tree: TreeState, isNew: boolean) {
    this.#node = node;
    this.#tree = tree;
    const isContainer = CONTAINERS.has(node.kind);
    this.#text = node.text === null ? null : new TextView();
    this.#limit = isContainer ? INITIAL_CHILDREN : INITIAL_CHARACTERS;
    this.#details = isContainer ? document.createElement('details') : null;
    this.#head = document.createElement(isContainer ? 'summary' : 'div');
    this.#build();
    this.#render(isNew);
    if (isNew) highlight(this.element);
  }

  /** Whether this view can show the node. */
  fits({ kind, label }: ContentNode): boolean {
    return kind === this.#node.kind && label === this.#node.label;
  }

  update(node: ContentNode): void {
    this.#node = node;
    this.#render(true);
  }

  #build(): void {
    const { kind, label } = this.#node;
    this.element.className = `node ${kind}`;
    if (label !== null) {
      const name = document.createElement('bdi');
      name.className = 'node-label';
      if (label === '') name.textContent = '(no name)';
      else renderName(name, label.slice(0, MAX_VALUE_CHARACTERS));
      this.#head.append(name, ' ');
    }
    this.#meta.className = 'node-meta';
    this.#value.className = 'node-said';
    this.#value.dir = 'auto';
    this.#head.append(this.#value, ' ', this.#meta);
    this.#more.type = 'button';
    this.#more.className = 'quiet node-more';
    this.#more.addEventListener('click', () => {
      this.#limit += this.#details === null ? MORE_CHARACTERS : MORE_CHILDREN;
      this.#render(false);
    });
    if (this.#details === null) {
      this.element.append(this.#head, ...(this.#text === null ? [] : [this.#text.element]), this.#more);
      return;
    }
    this.#list.className = 'nodes';
    this.#details.append(this.#head, this.#list, this.#more);
    this.element.append(this.#details);
    if (this.#tree.opened < MAX_INITIALLY_OPEN) {
      this.#tree.opened += 1;
      this.#details.open = true;
    }
    this.#details.addEventListener('toggle', () => this.#render(false));
  }

  #showValue(text: string, highlights: boolean): void {
    if (this.#valueText === text) return;
    this.#valueText = text;
    renderContent(this.#value, text);
    if (highlights) highlight(this.#value);
  }

  #render(highlights: boolean): void {
    const { kind, label, size, text } = this.#node;
    this.#showValue(this.#node.format(MAX_VALUE_CHARACTERS), highlights);
    this.#details?.classList.toggle('is-empty', size === 0);
    if (text !== null) this.#text?.update(text(this.#limit), highlights);
    // A text among elements has no description.
    const meta = kind === 'text' && label === null ? '' : describeNode(this.#node);
    if (this.#meta.textContent !== meta) this.#meta.textContent = meta;
    if (this.#details?.open === true) {
      const nodes = this.#node.children(this.#limit);
      reconcile(this.#list, this.#children, nodes, (node) => new NodeView(node, this.#tree, highlights));
    }
    const hasMore = (this.#details !== null || text !== null) && size > this.#limit;
    this.#more.hidden = !hasMore;
    if (hasMore) this.#more.textContent = `Show more (${(size - this.#limit).toLocaleString('en-US')} left)`;
  }
}

const CONTAINERS: ReadonlySet<ContentNode['kind']> = new Set(['map', 'list', 'xml', 'element']);

/** Makes the list show these nodes and reuses existing views. */
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
