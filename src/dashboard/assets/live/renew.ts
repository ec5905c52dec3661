/** An element that differs in one of these is another one: what is about to be clicked must not turn into something else. */
const IDENTITY = ['id', 'href', 'action', 'name', 'value', 'type', 'for'];
/** What the reader changes himself. */
const READERS_OWN = ['open'];

/**
 * Makes an element equal to another by changing as little as possible: what is the same stays the very same node, with its
 * focus, selection, scroll position and animations.
 * @returns whether it differed, but for what "2 minutes ago" says
 */
export function renew(old: Element, next: Element): boolean {
  if (old.isEqualNode(next)) return false;
  if (!isSame(old, next)) {
    old.replaceWith(document.importNode(next, true));
    return true;
  }
  const renewed = renewAttributes(old, next);
  return renewChildren(old, next) || renewed;
}

function isSame(old: Element, next: Element): boolean {
  return (
    old.tagName === next.tagName &&
    IDENTITY.every((name) => old.localName === 'data' || old.getAttribute(name) === next.getAttribute(name))
  );
}

function renewAttributes(old: Element, next: Element): boolean {
  let renewed = false;
  const names = new Set([...old.getAttributeNames(), ...next.getAttributeNames()]);
  for (const name of names) {
    const value = next.getAttribute(name);
    if (READERS_OWN.includes(name) || old.getAttribute(name) === value) continue;
    if (value === null) old.removeAttribute(name);
    else old.setAttribute(name, value);
    renewed = true;
  }
  return renewed;
}

function renewChildren(old: Element, next: Element): boolean {
  const [mine, others] = [[...old.childNodes], [...next.childNodes]];
  if (mine.length !== others.length) {
    replaceMiddle(old, mine, others);
    return true;
  }
  let renewed = false;
  for (const [index, node] of mine.entries()) {
    const other = others[index];
    if (other === undefined || node.isEqualNode(other)) continue;
    if (node instanceof Element && other instanceof Element) {
      renewed = renew(node, other) || renewed;
      continue;
    }
    node.replaceWith(document.importNode(other, true));
    renewed ||= !old.matches('time[data-ago]');
  }
  return renewed;
}

/** Children that come and go do so somewhere: what is the same before and after them stays. */
function replaceMiddle(old: Element, mine: readonly ChildNode[], others: readonly ChildNode[]): void {
  const shorter = Math.min(mine.length, others.length);
  let head = 0;
  while (head < shorter && same(mine[head], others[head])) head++;
  let tail = 0;
  while (tail < shorter - head && same(mine.at(-1 - tail), others.at(-1 - tail))) tail++;
  const after = mine[mine.length - tail] ?? null;
  for (const node of mine.slice(head, mine.length - tail)) node.remove();
  for (const node of others.slice(head, others.length - tail)) {
    old.insertBefore(document.importNode(node, true), after);
  }
}

function same(one: ChildNode | undefined, other: ChildNode | undefined): boolean {
  return one !== undefined && other !== undefined && one.isEqualNode(other);
}
