import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** WCAG 2.2 up to level AA, and the best practices of axe-core (doc/API.md, "Axe-core Tags"). */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** In CSS pixels: the narrowest that WCAG asks for (1.4.10, reflow), and a desktop. */
const SIZES = [
  { width: 320, height: 640 },
  { width: 1280, height: 800 },
];
const SCHEMES = ['light', 'dark'] as const;

/**
 * What axe finds wrong with a page as it stands, a line for each element, for people. The page's own
 * Content-Security-Policy stays in force: what a debugger evaluates it does not bind.
 */
async function faultsOf(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe.source);
  const options = JSON.stringify({ runOnly: RULES, resultTypes: ['violations'] });
  const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${options})`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary = '' }) => {
      const why = failureSummary.split('\n').slice(1).join(' ').trim();
      return `${id}: ${help}: ${target.join(' ')} (${why})`;
    }),
  );
}

/** The same on a phone and a desktop, light and dark; and whether the page must be scrolled sideways to be read. */
export async function faultsInAllLooks(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const found = await faultsOf(page);
      faults.push(...found.map((fault) => `${size.width} px, ${colorScheme}: ${fault}`));
    }
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    if (width > size.width) faults.push(`${size.width} px: the page is ${width} px wide`);
  }
  return faults;
}
