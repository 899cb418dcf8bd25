import type { PortableModel } from '../formats/portable-model.ts';
import { checksum, readSafetensors, type SafeTensor, writeSafetensors } from '../formats/safetensors.ts';
import { InklingError } from '../gpu/errors.ts';
import { PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { isChoice, type ProductChoices, withoutRetired } from '../graph/tuner.ts';
import { checkRunConfig, type GPTConfig, preset, type TrainingConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { freshState, stateBuffers, type TrainingState, weightsOf } from './state.ts';

/** Version of the metadata below. */
const FORMAT = 'inkling-1';

/** A run as it is kept in a file: what it is, what it learns from, and how far it has come. */
export interface Checkpoint {
  model: GPTConfig;
  training: TrainingConfig;
  /** The token of each id. */
  vocabulary: readonly string[];
  /** Of a model that came with a tokenizer of its own: see `PortableModel`. */
  tokenizer_json?: string | undefined;
  /** The text it learns from, by name and by the SHA-256 of its bytes in hexadecimal; whether it is a list of documents. */
  text: { name: string; sha256: string; documents?: boolean };
  /** Validation loss at the last evaluation, in nats, where there was one. */
  val_loss: number | null;
  state: TrainingState;
}

/** Parameters bear nanoGPT's names; the same places of another buffer are `BUFFER.NAME`, as `moment1.lm_head.weight`. */
function tensorName(buffer: string, name: string): string {
  return buffer === PARAMETERS ? name : `${buffer}.${name}`;
}

/** A safetensors file: the buffers of the state as F32, everything else as JSON in the metadata. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { state, ...description } = checkpoint;
  const { buffers, ...progress } = state;
  const tensors = new Map<string, SafeTensor>();
  for (const [buffer, flat] of buffers) {
    for (const { name, shape, offset, size } of layoutOf(checkpoint.model).slots.values()) {
      const data = flat.subarray(offset / 4, offset / 4 + size);
      tensors.set(tensorName(buffer, name), { dtype: 'F32', shape: [...shape], data });
    }
  }
  const run = JSON.stringify({ ...description, ...progress });
  return writeSafetensors(tensors, { format: FORMAT, run, checksum: checksum(tensors, [run]) });
}

/** The model of a run, to be exported: with the weights that evaluation and samples use. */
export function portableModel({ model, vocabulary, tokenizer_json, text, state }: Checkpoint): PortableModel {
  return { model, vocabulary, tokenizer_json, documents: text.documents, parameters: weightsOf(state) };
}

/** A model from elsewhere as a run that has made no step and knows no text. */
export function startingCheckpoint({ parameters, documents, ...model }: PortableModel): Checkpoint {
  const { training } = preset('tiny');
  const state = freshState(training, parameters);
  return { ...model, training, text: { name: '', sha256: '', ...(documents && { documents }) }, val_loss: null, state };
}

/**
 * Reads what `encodeCheckpoint` wrote. The file holds exactly the buffers that its configuration asks for.
 *
 * Throws `bad-safetensors` or `bad-checkpoint`, in words about the file.
 */
export function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>): Checkpoint {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata.format !== FORMAT || !metadata.run) {
    refuse('It is a safetensors file, but not a checkpoint of Inkling.');
  }
  if (metadata.checksum !== checksum(tensors, [metadata.run])) {
    refuse('It is damaged: its checksum is not that of what it holds.');
  }
  const { step, evaluated, sampled, best, products, precision, ...run } = parseDescription(metadata.run);
  const layout = layoutOf(run.model);
  const unread = new Map(tensors);
  const take = (name: string) => {
    const tensor = unread.get(name);
    unread.delete(name);
    return tensor;
  };
  const buffers = new Map<string, Float32Array<ArrayBuffer>>();
  for (const buffer of stateBuffers(run.training)) {
    buffers.set(
      buffer,
      gather(layout, (name) => take(tensorName(buffer, name)), buffer),
    );
  }
  for (const name of unread.keys()) {
    refuse(`It holds “${name}”, which a run of its configuration does not have.`);
  }
  return {
    ...run,
    state: { step, evaluated, sampled, best, ...(products && { products }), ...(precision && { precision }), buffers },
  };
}

function refuse(message: string): never {
  throw new InklingError('bad-checkpoint', message, 'Take a checkpoint.safetensors that `train --out` has written.');
}

type Description = Omit<Checkpoint, 'state'> & Omit<TrainingState, 'buffers'>;

function parseDescription(json: string): Description {
  let description: Description;
  try {
    description = JSON.parse(json);
  } catch {
    refuse('Its description is not JSON.');
  }
  const { model, training, vocabulary, text } = description ?? {};
  if (!model || !training || !Array.isArray(vocabulary) || typeof text?.sha256 !== 'string') {
    refuse('Its description is incomplete.');
  }
  try {
    checkRunConfig({ model, training });
  } catch (error) {
    refuse(`Its configuration is not sound: ${error instanceof Error ? error.message : error}`);
  }
  if (description.products && typeof description.products === 'object') {
    description = { ...description, products: withoutRetired(description.products) as ProductChoices };
  }
  if (!isChoice(description.products ?? {}) || ![undefined, 'f16'].includes(description.precision)) {
    refuse('It was computed by kernels that this version does not have.');
  }
  if (vocabulary.length !== model.vocab_size || !isProgress(description, training.max_iters)) {
    refuse('Its description contradicts itself.');
  }
  return description;
}

/** Whether a run of `steps` steps can have come to this. */
function isProgress({ step, evaluated, sampled, best }: Description, steps: number): boolean {
  const isStep = (value: number, from: number, to: number) =>
    Number.isSafeInteger(value) && value >= from && value <= to;
  return (
    isStep(step, 0, steps) &&
    isStep(evaluated, -1, step) &&
    isStep(sampled, 0, step) &&
    (best === null || (isStep(best?.step, 0, evaluated) && Number.isFinite(best.val_loss)))
  );
}

function gather(
  layout: ParameterLayout,
  find: (name: string) => SafeTensor | undefined,
  kind: string,
): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(layout.bytes / 4);
  for (const { name, shape, offset } of layout.slots.values()) {
    const tensor = find(name);
    if (tensor?.dtype !== 'F32' || String(tensor.shape) !== String(shape)) {
      refuse(`Of its ${kind}, ${name} is missing or not F32 of shape [${shape.join(', ')}].`);
    }
    const data = tensor.data as Float32Array;
    if (!data.every(Number.isFinite)) {
      refuse(`Of its ${kind}, ${name} holds a number that is not finite.`);
    }
    flat.set(data, offset / 4);
  }
  return flat;
}
