import type { RunConfig } from '../model/config.ts';
import { firstWords } from '../text/characters.ts';
import { splitCorpus, type TokenIds } from '../text/corpus.ts';
import { titleOf } from '../text/datasets.ts';
import { type Checkpoint, encodeCheckpoint, portableModel } from '../training/checkpoint.ts';
import type { ExportedFile, ExportFormat } from './messages.ts';
import type { WritingModel } from './writer.ts';

/** What a run is exported from. */
export interface ExportedRun extends WritingModel {
  config: RunConfig;
  /** The text that it learns. */
  ids: TokenIds;
  text: Checkpoint['text'];
  val_loss: number | null;
}

/** Characters of the text that a beginning is looked for in, and of the beginning, at most. */
const LOOKED_AT = 4000;
const BEGINNING = 20;

/** A prompt that suits the model: the first words of a full line that it was not trained on; nothing for documents. */
function beginningOf({ tokenizer, ids }: ExportedRun): string {
  if (tokenizer.documents) return '';
  const lines = tokenizer.decode(splitCorpus(ids).val.subarray(0, LOOKED_AT)).split('\n').slice(1);
  const line = lines.map((one) => one.trim()).find((one) => one.length >= 2 * BEGINNING) ?? '';
  return firstWords(line, BEGINNING);
}

/** A run's model as a file; what writes the format is fetched when it is first asked for. Throws `not-expressible`, naming the option that the format has no word for. */
export async function exportRun(run: ExportedRun, format: ExportFormat): Promise<ExportedFile> {
  const { config, tokenizer, trainer, text, val_loss } = run;
  const { vocabulary, vocab_size } = tokenizer;
  const state = await trainer.snapshot();
  const checkpoint = {
    model: { ...config.model, vocab_size },
    training: config.training,
    vocabulary,
    text,
    val_loss,
    state,
  };
  const file = (name: string, { buffer }: Uint8Array<ArrayBuffer>) => ({ name, bytes: buffer });
  switch (format) {
    case 'checkpoint':
      return file('inkling.safetensors', encodeCheckpoint(checkpoint));
    case 'huggingface': {
      const { encodeHuggingFace } = await import('../formats/huggingface/export.ts');
      return file('inkling-huggingface.zip', encodeHuggingFace(portableModel(checkpoint)));
    }
    case 'gguf': {
      const { encodeGGUF } = await import('../formats/gguf.ts');
      return file('inkling.gguf', encodeGGUF(portableModel(checkpoint)));
    }
    case 'html-8':
    case 'html-4':
    case 'html-32': {
      const { encodeStandalone } = await import('../formats/standalone.ts');
      const { default: template } = await import('virtual:standalone-page');
      const bits = { 'html-8': 8, 'html-4': 4, 'html-32': 32 } as const;
      const facts = { text: titleOf(text.name), steps: state.step, val_loss, prompt: beginningOf(run) };
      return file('inkling.html', encodeStandalone(template, portableModel(checkpoint), bits[format], facts));
    }
    default:
      return format satisfies never;
  }
}
