import { importHuggingFace, modelFiles } from '../formats/huggingface/import.ts';
import { isZip, readZip } from '../formats/zip.ts';
import { type Checkpoint, decodeCheckpoint, startingCheckpoint } from './checkpoint.ts';

/**
 * A model in a file's bytes: a checkpoint of ours, or the ZIP of a Hugging Face GPT-2, as a run of no steps.
 *
 * Throws `bad-safetensors`, `bad-checkpoint`, `bad-zip`, `bad-model` or `bad-tokenizer`, in words about the file.
 */
export function readModelFile(bytes: Uint8Array<ArrayBuffer>): Checkpoint {
  return isZip(bytes) ? startingCheckpoint(importHuggingFace(modelFiles(readZip(bytes)))) : decodeCheckpoint(bytes);
}
