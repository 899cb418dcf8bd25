import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe finds wrong with the page as it is, or with one element of it (by its tags, shadow root by shadow root), in
 * words. The page holds still meanwhile: colours that are under way from one to another are no colours.
 */
export async function complaintsOfAxe(page: Page, ...within: string[]): Promise<string[]> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate(AXE);
  const complaints = await page.evaluate(async (within) => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: unknown): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
      };
    };
    const { violations } = await axe.run(within.length > 0 ? { fromShadowDom: within } : document);
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
  }, within);
  await page.emulateMedia({ reducedMotion: null });
  return complaints;
}
