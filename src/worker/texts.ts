import { InklingError } from '../gpu/errors.ts';
import { openAddress } from '../text/address.ts';
import { openBundled } from '../text/bundled.ts';
import { checkLength } from '../text/corpus.ts';
import { DATASETS, type DatasetName, openDataset } from '../text/datasets.ts';
import { type ByteSource, chunksOf, type Progress, readCorpus, sourceOf, type TextCorpus } from '../text/read.ts';
import { heldOutProblems } from '../text/tasks.ts';
import type { TextDescription, TextSource } from './messages.ts';

/** A text that a run can learn from. */
export interface LoadedText extends TextCorpus {
  /** The data set that it is, if it is one. */
  dataset: DatasetName | null;
}

/** Reads a text and says what it is. `signal` ends the reading. */
export async function loadText(
  source: TextSource,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ text: LoadedText; description: TextDescription }> {
  const told: Progress = (done, total) => {
    signal.throwIfAborted();
    progress(done, total);
  };
  const corpus = await readCorpus(await open(source, signal), told);
  signal.throwIfAborted();
  checkLength(corpus, 1);
  const { name, ids, tokenizer, preview, sha256 } = corpus;
  const dataset = source.kind === 'dataset' ? source.name : null;
  const task = dataset === null ? undefined : DATASETS[dataset].task;
  const opening = task ? heldOutProblems(task, 1)[0]!.prompt : tokenizer.documents ? '' : null;
  const description = {
    name,
    dataset,
    sha256,
    characters: ids.length,
    vocab_size: tokenizer.vocab_size,
    preview,
    opening,
  };
  return { text: { ...corpus, dataset }, description };
}

/** A text that is at hand. */
export async function textOf(source: TextSource): Promise<LoadedText> {
  return (await loadText(source, () => {}, new AbortController().signal)).text;
}

async function open(source: TextSource, signal: AbortSignal): Promise<ByteSource> {
  switch (source.kind) {
    case 'dataset':
      return openDataset(source.name, openBundled, signal);
    case 'address':
      return openAddress(source.address, signal);
    case 'file':
      return { name: source.name, bytes: source.file.size, chunks: readFile(source.name, source.file) };
    case 'paste':
      return sourceOf('Pasted text', source.text);
    default:
      return source satisfies never;
  }
}

async function* readFile(name: string, file: Blob): AsyncGenerator<Uint8Array> {
  const chunks = chunksOf(file.stream());
  try {
    for (;;) {
      const next = await chunks.next().catch(() => {
        throw unreadable(name);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await chunks.return(undefined);
  }
}

export function unreadable(name: string): InklingError {
  return new InklingError(
    'unreadable-file',
    `“${name}” could not be read.`,
    'A folder cannot be dropped. If it is a file, see whether it still exists and may be read.',
  );
}
