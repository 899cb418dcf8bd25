import { readSafetensors, type SafeTensor, writeSafetensors } from '../formats/safetensors.ts';
import { InklingError } from '../gpu/errors.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { checkRunConfig, type GPTConfig, type TrainingConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import type { TrainingState } from './step.ts';

/** Version of the metadata below. */
const FORMAT = 'inkling-1';

/** A run as it is kept in a file: what it is, what it learns from, and how far it has come. */
export interface Checkpoint {
  model: GPTConfig;
  training: TrainingConfig;
  /** The token of each id. */
  vocabulary: readonly string[];
  /** The text it learns from, by name and by the SHA-256 of its UTF-8 bytes in hexadecimal. */
  text: { name: string; sha256: string };
  /** Validation loss at the last evaluation, in nats, where there was one. */
  val_loss: number | null;
  state: TrainingState;
}

const KINDS = ['parameters', 'moment1', 'moment2'] as const;

/** Tensors bear nanoGPT's names; the optimizer's moments are `moment1.NAME` and `moment2.NAME`. */
function tensorName(kind: (typeof KINDS)[number], name: string): string {
  return kind === 'parameters' ? name : `${kind}.${name}`;
}

/** A safetensors file: parameters and moments as F32, everything else as JSON in the metadata. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { state, ...description } = checkpoint;
  const tensors = new Map<string, SafeTensor>();
  for (const kind of KINDS) {
    for (const { name, shape, offset, size } of layoutOf(checkpoint.model).slots.values()) {
      const data = state[kind].subarray(offset / 4, offset / 4 + size);
      tensors.set(tensorName(kind, name), { dtype: 'F32', shape: [...shape], data });
    }
  }
  return writeSafetensors(tensors, {
    format: FORMAT,
    run: JSON.stringify({ ...description, step: state.step, evaluated: state.evaluated }),
  });
}

/** Throws `bad-safetensors` or `bad-checkpoint`, in words about the file. */
export function decodeCheckpoint(bytes: Uint8Array<ArrayBuffer>): Checkpoint {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata.format !== FORMAT || !metadata.run) {
    refuse('It is a safetensors file, but not a checkpoint of Inkling.');
  }
  const description = parseDescription(metadata.run);
  const { step, evaluated, ...run } = description;
  const layout = layoutOf(run.model);
  const flat = (kind: (typeof KINDS)[number]) => gather(layout, (name) => tensors.get(tensorName(kind, name)), kind);
  const state = { step, evaluated, parameters: flat('parameters'), moment1: flat('moment1'), moment2: flat('moment2') };
  return { ...run, state };
}

function refuse(message: string): never {
  throw new InklingError('bad-checkpoint', message, 'Take a checkpoint.safetensors that `train --out` has written.');
}

type Description = Omit<Checkpoint, 'state'> & Pick<TrainingState, 'step' | 'evaluated'>;

function parseDescription(json: string): Description {
  let description: Description;
  try {
    description = JSON.parse(json);
  } catch {
    refuse('Its description is not JSON.');
  }
  const { model, training, vocabulary, text, step, evaluated } = description ?? {};
  if (!model || !training || !Array.isArray(vocabulary) || typeof text?.sha256 !== 'string') {
    refuse('Its description is incomplete.');
  }
  if (
    !Number.isSafeInteger(step) ||
    step < 0 ||
    !Number.isSafeInteger(evaluated) ||
    vocabulary.length !== model.vocab_size
  ) {
    refuse('Its description contradicts itself.');
  }
  try {
    checkRunConfig({ model, training });
  } catch (error) {
    refuse(`Its configuration is not sound: ${error instanceof Error ? error.message : error}`);
  }
  return description;
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
