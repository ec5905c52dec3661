/** An element that differs in one of these is replaced, so that a click never reaches a changed target. */
const IDENTITY = ['id', 'href', 'action', 'name', 'value', 'type', 'for'];
/** Attributes that the user changes. */
const USER_CONTROLLED = ['open'];

/**
 * Makes an element equal to another. Equal nodes are kept, with focus, selection, scroll position and animations.
 * @returns whether it changed; ages such as "2 minutes ago" do not count
 */
export function patchElement(old: Element, next: Element): boolean {
  if (old.isEqualNode(next)) return false;
  if (!isSame(old, next)) {
    old.replaceWith(document.importNode(next, true));
    return true;
  }
  const changed = patchAttributes(old, next);
  return patchChildren(old, next) || changed;
}

function isSame(old: Element, next: Element): boolean {
  return (
    old.tagName === next.tagName &&
    IDENTITY.every((name) => old.localName === 'data' || old.getAttribute(name) === next.getAttribute(name))
  );
}

function patchAttributes(old: Element, next: Element): boolean {
  let changed = false;
  const names = new Set([...old.getAttributeNames(), ...next.getAttributeNames()]);
  for (const name of names) {
    const value = next.getAttribute(name);
    if (USER_CONTROLLED.includes(name) || old.getAttribute(name) === value) continue;
    if (value === null) old.removeAttribute(name);
    else old.setAttribute(name, value);
    changed = true;
  }
  return changed;
}

function patchChildren(old: Element, next: Element): boolean {
  const [oldNodes, newNodes] = [[...old.childNodes], [...next.childNodes]];
  if (oldNodes.length !== newNodes.length) {
    replaceMiddle(old, oldNodes, newNodes);
    return true;
  }
  let changed = false;
  for (const [index, node] of oldNodes.entries()) {
    const other = newNodes[index];
    if (other === undefined || node.isEqualNode(other)) continue;
    if (node instanceof Element && other instanceof Element) {
      changed = patchElement(node, other) || changed;
      continue;
    }
    node.replaceWith(document.importNode(other, true));
    changed ||= !old.matches('time[data-ago]');
  }
  return changed;
}

/** Keeps equal children at the start and the end. */
function replaceMiddle(old: Element, oldNodes: readonly ChildNode[], newNodes: readonly ChildNode[]): void {
  const shorter = Math.min(oldNodes.length, newNodes.length);
  let head = 0;
  while (head < shorter && same(oldNodes[head], newNodes[head])) head++;
  let tail = 0;
  while (tail < shorter - head && same(oldNodes.at(-1 - tail), newNodes.at(-1 - tail))) tail++;
  const after = oldNodes[oldNodes.length - tail] ?? null;
  for (const node of oldNodes.slice(head, oldNodes.length - tail)) node.remove();
  for (const node of newNodes.slice(head, newNodes.length - tail)) {
    old.insertBefore(document.importNode(node, true), after);
  }
}

function same(one: ChildNode | undefined, other: ChildNode | undefined): boolean {
  return one !== undefined && other !== undefined && one.isEqualNode(other);
}
