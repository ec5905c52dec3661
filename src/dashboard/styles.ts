import { createHash } from 'node:crypto';

/** Colours are named once, for light and for dark; each pair of text and ground has a contrast of 4.5:1 or more. */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --ground: #f6f6f3;
  --surface: #ffffff;
  --sunken: #f1f1ec;
  --text: #1d1f21;
  --muted: #5c6166;
  --line: #e2e2dc;
  --field: #8a8f94;
  --accent: #256a58;
  --accent-text: #ffffff;
  --bar: #3f8f7a;
  --track: #e7ebe6;
  --bad: #b3261e;
  --bad-ground: #fcefed;
  --workspace: #5b4b9a;
  --radius: 12px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131516;
    --surface: #1b1e20;
    --sunken: #141718;
    --text: #e8eaeb;
    --muted: #a2a8ad;
    --line: #2d3235;
    --field: #757c82;
    --accent: #84cdb8;
    --accent-text: #10201b;
    --bar: #55a993;
    --track: #2a3032;
    --bad: #ffb4ab;
    --bad-ground: #3a1f1d;
    --workspace: #b9aef0;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
h1, h2, h3, p, dl, dd, ol { margin: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.015em; text-wrap: balance; }
h2 { font-size: 1.125rem; line-height: 1.35; }
h3 { font-size: 1rem; line-height: 1.4; }
a { color: var(--accent); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
code { font-size: 0.9em; overflow-wrap: anywhere; }

.skip { position: absolute; left: 1rem; top: -4rem; z-index: 1; padding: 0.5rem 0.75rem; background: var(--surface); border-radius: 6px; }
.skip:focus { top: 0.5rem; }

.top {
  display: flex; align-items: center; justify-content: space-between; gap: 1rem;
  padding: 0.625rem max(1rem, calc((100vw - 68rem) / 2));
  background: var(--surface); border-bottom: 1px solid var(--line);
}
.brand { display: inline-flex; align-items: center; gap: 0.5rem; min-height: 2.25rem; color: inherit; font-weight: 650; letter-spacing: -0.01em; text-decoration: none; }
.mark { width: 1.125rem; height: 1.125rem; fill: var(--bar); }
.account { display: flex; align-items: center; gap: 0.75rem; min-width: 0; }
.who { overflow: hidden; max-width: 18rem; color: var(--muted); font-size: 0.875rem; text-overflow: ellipsis; white-space: nowrap; }

main { margin: 0 auto; padding: 1.75rem 1rem 4rem; }
.wide { max-width: 70rem; }
.narrow { max-width: 25rem; padding-top: clamp(1.5rem, 9vh, 6rem); }
main > * + * { margin-top: 1.25rem; }

button {
  min-height: 2.75rem; padding: 0 1.125rem; border: 1px solid transparent; border-radius: 8px;
  background: var(--accent); color: var(--accent-text); font: inherit; font-weight: 600; cursor: pointer;
}
button:hover { filter: brightness(1.08); }
button.quiet { flex: none; min-height: 2.25rem; padding: 0 0.75rem; border-color: var(--line); background: none; color: var(--text); font-size: 0.875rem; font-weight: 500; }
button.quiet:hover { background: var(--sunken); filter: none; }

.card, .panel { background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); }
.card { display: grid; gap: 1.125rem; padding: 1.5rem; }
.field { display: grid; gap: 0.375rem; }
label { font-size: 0.9375rem; font-weight: 600; }
input {
  width: 100%; min-height: 2.75rem; padding: 0 0.75rem; border: 1px solid var(--field); border-radius: 8px;
  background: var(--surface); color: inherit; font: inherit;
}
input[aria-invalid="true"] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
.hint { color: var(--muted); font-size: 0.875rem; }
.error { color: var(--bad); font-size: 0.9375rem; }
.error.banner { padding: 0.625rem 0.75rem; border-radius: 8px; background: var(--bad-ground); }
.aside { color: var(--muted); text-align: center; }

.heading { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0.25rem 1.5rem; }
.as-of { color: var(--muted); font-size: 0.875rem; }

.figures { display: grid; grid-template-columns: repeat(4, 1fr); overflow: hidden; border: 1px solid var(--line); border-radius: var(--radius); background: var(--line); gap: 1px; }
.figure { padding: 0.875rem 1.25rem 1rem; background: var(--surface); }
.figure dt { color: var(--muted); font-size: 0.875rem; }
.figure strong { display: block; font-size: 1.625rem; font-weight: 650; line-height: 1.25; letter-spacing: -0.02em; }
.figure .note { display: block; margin-top: 0.125rem; color: var(--muted); font-size: 0.8125rem; }

.panel { overflow: hidden; }
.rooms { width: 100%; border-collapse: collapse; font-size: 0.9375rem; }
.rooms th, .rooms td { padding: 0.5625rem 0.75rem; text-align: start; vertical-align: baseline; }
.rooms tr > :first-child { padding-inline-start: 1.25rem; }
.rooms tr > :last-child { padding-inline-end: 1.25rem; }
.rooms thead th { border-bottom: 1px solid var(--line); color: var(--muted); font-size: 0.8125rem; font-weight: 600; white-space: nowrap; }
.rooms thead a { display: inline-block; padding-block: 0.125rem; color: inherit; text-decoration: none; }
.rooms thead a:hover { color: var(--text); text-decoration: underline; }
.rooms thead [aria-sort] a { color: var(--text); }
.arrow { display: inline-block; width: 1.1em; text-align: center; }
.rooms tbody tr + tr > * { border-top: 1px solid var(--line); }
.rooms tbody tr:hover { background: color-mix(in srgb, var(--sunken) 55%, transparent); }
.rooms .name { width: 36%; font-weight: 550; }
.rooms .name bdi { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; line-clamp: 3; overflow: hidden; overflow-wrap: anywhere; text-align: left; }
.rooms .size { text-align: end; white-space: nowrap; }
.rooms thead .size a { margin-inline-end: -1.1em; }
.rooms .used, .rooms .measured time { white-space: nowrap; }
.rooms .measured, .rooms .used { color: var(--muted); font-size: 0.875rem; }
.rooms .measured { min-width: 9.5rem; }
.rooms .label { display: none; }
.share { white-space: nowrap; }
.share span { display: inline-block; width: 2.75em; color: var(--muted); font-size: 0.8125rem; text-align: end; }
.bar { display: inline-block; width: 7rem; height: 0.5rem; border-radius: 999px; background: var(--track); overflow: hidden; vertical-align: 0.0625rem; }
.bar rect { fill: var(--bar); }
.unknown { color: var(--muted); font-size: 0.8125rem; font-style: italic; }
.tag { white-space: nowrap; font-size: 0.8125rem; font-weight: 550; }
.tag::before { content: ""; display: inline-block; width: 0.5rem; height: 0.5rem; margin-inline-end: 0.4rem; border-radius: 2px; background: currentColor; }
.tag.document { color: var(--accent); }
.tag.workspace { color: var(--workspace); }

.pages { display: flex; justify-content: flex-end; gap: 1.25rem; padding: 0.75rem 1.25rem; border-top: 1px solid var(--line); font-size: 0.9375rem; }
.pages a { padding-block: 0.25rem; }

.empty { padding: 1.75rem 1.5rem; }
.empty > p { max-width: 62ch; margin-top: 0.375rem; color: var(--muted); }
.connect > summary { padding: 0.875rem 1.25rem; cursor: pointer; font-weight: 600; }
.connect > .guide { padding-inline: 1.5rem; padding-bottom: 1.5rem; }
.empty > .guide { margin-top: 1.5rem; }
.guide { display: grid; gap: 1.5rem; padding: 0; list-style: none; counter-reset: step; }
.guide li { display: grid; grid-template-columns: 1.75rem minmax(0, 1fr); gap: 0.25rem 0.75rem; counter-increment: step; }
.guide li::before { content: counter(step); display: grid; place-items: center; width: 1.75rem; height: 1.75rem; border-radius: 50%; background: var(--sunken); color: var(--muted); font-size: 0.875rem; font-weight: 600; }
.guide h3 { align-self: center; }
.guide p, .guide pre { grid-column: 2; }
.guide p { max-width: 66ch; color: var(--muted); }
.guide pre { margin: 0.375rem 0 0; padding: 0.875rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sunken); font-size: 0.8125rem; line-height: 1.55; overflow-x: auto; }
.guide pre code { font-size: inherit; overflow-wrap: normal; }

@media (max-width: 54rem) {
  .figures { grid-template-columns: repeat(2, 1fr); }
  .rooms, .rooms tbody { display: block; }
  .rooms thead { display: block; border-bottom: 1px solid var(--line); }
  .rooms thead tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.875rem; padding: 0.5rem 1rem; }
  .rooms thead tr::before { content: "Sort by"; color: var(--muted); font-size: 0.8125rem; }
  .rooms thead th, .rooms thead tr > :first-child, .rooms thead tr > :last-child { padding: 0.25rem 0; border: 0; }
  .rooms thead .unsorted { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rooms thead .size a { margin: 0; }
  .rooms thead .arrow:empty { display: none; }
  .rooms tbody tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.1875rem 0.75rem; padding: 0.75rem 1rem; }
  .rooms tbody tr + tr { border-top: 1px solid var(--line); }
  .rooms tbody th, .rooms tbody td, .rooms tr > :first-child, .rooms tr > :last-child { padding: 0; }
  .rooms tbody tr + tr > * { border: 0; }
  .rooms .name { flex: 1 1 0; width: auto; min-width: 0; }
  .rooms .size { font-weight: 550; }
  .rooms .share { order: 1; flex: 0 0 100%; min-width: 0; display: flex; align-items: center; gap: 0.5rem; }
  .rooms .share .bar { flex: 1; width: 0; height: 0.375rem; }
  .rooms .type { order: 2; }
  .rooms .used { order: 2; margin-inline-start: auto; }
  .rooms .measured { order: 2; min-width: 0; }
  .rooms .measured, .rooms .used { font-size: 0.8125rem; }
  .rooms .label { display: inline; }
}
@media (max-width: 32rem) {
  .rooms .measured { order: 3; flex: 0 0 100%; }
}
@media (max-width: 26rem) {
  .card { padding: 1.125rem; }
  .figure { padding: 0.75rem 1rem; }
  .figure strong { font-size: 1.375rem; }
  .who { max-width: 6.5rem; }
}
@media (forced-colors: active) {
  .bar { border: 1px solid CanvasText; forced-color-adjust: none; background: Canvas; }
  .bar rect { fill: Highlight; }
}
`;

/** Changes with the content, so that a version may be cached for ever. */
export const STYLESHEET_VERSION = createHash('sha256').update(STYLESHEET).digest('base64url').slice(0, 12);
export const STYLESHEET_PATH = '/style.css';
export const STYLESHEET_URL = `${STYLESHEET_PATH}?v=${STYLESHEET_VERSION}`;
