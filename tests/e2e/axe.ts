import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright';

/** What axe finds wrong with the page as it is, or with one element of it (by its tags, shadow root by shadow root), in words. */
export async function complaintsOfAxe(page: Page, ...within: string[]): Promise<string[]> {
  const builder = new AxeBuilder({ page });
  if (within.length > 0) builder.include({ fromShadowDom: within as [string, string, ...string[]] });
  const { violations } = await builder.analyze();
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}
