import { encodeGGUF } from '../formats/gguf.ts';
import { encodeHuggingFace } from '../formats/huggingface/export.ts';
import type { RunConfig } from '../model/config.ts';
import { type Checkpoint, encodeCheckpoint, portableModel } from '../training/checkpoint.ts';
import type { ExportedFile, ExportFormat } from './messages.ts';
import type { WritingModel } from './writer.ts';

/** What a run is exported from. */
export interface ExportedRun extends WritingModel {
  config: RunConfig;
  text: Checkpoint['text'];
  val_loss: number | null;
}

/** A run's model as a file. Throws `not-expressible`, naming the option that the format has no word for. */
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
    case 'huggingface':
      return file('inkling-huggingface.zip', encodeHuggingFace(portableModel(checkpoint)));
    case 'gguf':
      return file('inkling.gguf', encodeGGUF(portableModel(checkpoint)));
    default:
      return format satisfies never;
  }
}
