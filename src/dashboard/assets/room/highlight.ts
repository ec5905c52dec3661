/** Plays a short animation (styles/room/content.css), except with reduced motion. */
export function highlight(element: HTMLElement): void {
  element.classList.remove('fresh');
  // Forces a reflow, which restarts the animation.
  void element.offsetWidth;
  element.classList.add('fresh');
}
