/** For a moment; how is a matter of the stylesheet, and not at all where the reader wants no motion. */
export function lightUp(element: HTMLElement): void {
  element.classList.remove('fresh');
  // So that the animation begins again.
  void element.offsetWidth;
  element.classList.add('fresh');
}
