import { readSafetensors } from '../formats/safetensors.ts';
import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { readBuffer } from '../gpu/readback.ts';
import { GRADIENTS, Graph, PARAMETERS } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameters.ts';
import { Arena } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import { checkRunConfig, type GPTConfig, preset, type TrainingConfig } from '../model/config.ts';
import { gpt } from '../model/gpt.ts';
import { layoutOf } from '../model/parameters.ts';
import { RECORD_BYTES, RECORD_RING } from './optimizer.ts';
import { freshState, RECORDS } from './state.ts';
import { allocateNamed, startingBuffers, traceStep } from './step.ts';

/** How far a run is from a float64 run of the same steps. */
export interface ParityReport {
  steps: number;
  /** Largest difference of a step's loss, in nats. */
  max_loss_error: number;
  /** ‖a - b‖ / ‖b‖ of the first step's logits. */
  max_logit_error: number;
  /** The same for the first step's gradients, the worst tensor. */
  max_grad_error: number;
  /** The same for the weights after the last step, the worst tensor. */
  max_final_error: number;
}

type Numbers = ArrayLike<number>;

/** A recorded float64 run: the file that gpt_reference.py writes. */
interface Fixture {
  model: GPTConfig;
  training: TrainingConfig;
  tensor(name: string): Numbers;
}

// biome-ignore lint/suspicious/noExplicitAny: what is in it is checked by checkRunConfig
function parseConfiguration(json: string): any {
  try {
    return Object(JSON.parse(json));
  } catch {
    throw new InklingError('bad-fixture', 'Its configuration is not JSON.', 'Make it with gpt_reference.py.');
  }
}

function parseFixture(bytes: Uint8Array<ArrayBuffer>): Fixture {
  const { metadata, tensors } = readSafetensors(bytes);
  const tensor = (name: string): Numbers => {
    const found = tensors.get(name);
    if (!found) {
      throw new InklingError('bad-fixture', `It holds no tensor “${name}”.`, 'Make it with gpt_reference.py.');
    }
    return found.data as Numbers;
  };
  if (!metadata.config) {
    throw new InklingError('bad-fixture', 'It holds no configuration.', 'Make it with gpt_reference.py.');
  }
  const c = parseConfiguration(metadata.config);
  const { vocab_size, block_size, n_layer, n_head, n_embd, n_inner, bias, tied, activation } = c;
  return {
    tensor,
    model: { vocab_size, block_size, n_layer, n_head, n_embd, n_inner, bias, tied, activation },
    training: {
      ...preset('tiny').training,
      batch_size: c.batch_size,
      max_iters: c.steps,
      learning_rate: c.lr,
      min_lr: c.min_lr,
      warmup_iters: c.warmup,
      lr_decay_iters: c.decay_steps,
      beta1: c.beta1,
      beta2: c.beta2,
      eps: c.eps,
      weight_decay: c.weight_decay,
      grad_clip: c.clip,
      eval_interval: 1,
      eval_iters: 1,
      sample_interval: 0,
      seed: c.seed,
    },
  };
}

function requireLength(values: Numbers, length: number): void {
  if (values.length !== length) {
    throw new InklingError(
      'bad-fixture',
      `It holds a tensor of ${values.length} numbers where its configuration asks for ${length}.`,
      'Make it with gpt_reference.py.',
    );
  }
}

/** ‖a - b‖ / ‖b‖, or ‖a‖ where b is zero; not a number where a is not. */
function relativeError(a: Numbers, b: Numbers): number {
  requireLength(b, a.length);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(norm > 0 ? difference / norm : difference);
}

/** The larger of two, with NaN counted as the largest of all. */
function worse(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b);
}

function worstTensor(layout: ParameterLayout, flat: Float32Array, expected: (name: string) => Numbers): number {
  let worst = 0;
  for (const { name, offset, size } of layout.slots.values()) {
    worst = worse(worst, relativeError(flat.subarray(offset / 4, offset / 4 + size), expected(name)));
  }
  return worst;
}

/**
 * Replays a fixture of gpt_reference.py, all its steps on its own batches, and compares. The very dispatches that
 * training uses, except that tokens come from the file instead of the corpus.
 *
 * Throws `bad-safetensors` or `bad-fixture`, in words about the file.
 */
export async function replayFixture(device: Device, bytes: Uint8Array<ArrayBuffer>): Promise<ParityReport> {
  const { model, training, tensor } = parseFixture(bytes);
  try {
    checkRunConfig({ model, training });
  } catch (error) {
    const fault = error instanceof Error ? error.message : error;
    throw new InklingError('bad-fixture', `Its configuration is not sound: ${fault}`, 'Make it with gpt_reference.py.');
  }
  const layout = layoutOf(model);
  const traits = traitsOf(device);
  const shape = [training.batch_size, model.block_size] as const;
  const steps = training.max_iters;

  const step = new Graph(layout, traits, true);
  const x = step.input('x', shape, 'u32');
  const y = step.input('y', shape, 'u32');
  traceStep(step, model, training, () => ({ x, y }));
  const forward = new Graph(layout, traits, false);
  const tokens = forward.input('x', shape, 'u32');
  const logits = forward.output(gpt(forward, model, tokens));

  const arena = new Arena(device);
  try {
    arena.plan(step);
    arena.plan(forward);
    const initial = new Float32Array(layout.bytes / 4);
    for (const { name, offset, size } of layout.slots.values()) {
      const values = tensor(`init.${name}`);
      requireLength(values, size);
      initial.set(values, offset / 4);
    }
    const state = freshState(training, initial);
    await allocateNamed(device, arena, await startingBuffers(layout, model, training, state));
    const programs = await arena.compile();
    const train = programs.get(step)!;
    const infer = programs.get(forward)!;
    const flat = async (name: string) =>
      new Float32Array(await readBuffer(device.gpu, arena.buffer(name), 0, layout.bytes));

    const size = x.size;
    const batch = (name: string, index: number) =>
      Uint32Array.from({ length: size }, (_, i) => tensor(name)[index * size + i]!);
    infer.write(tokens, batch('tokens.x', 0));
    infer.run();
    const max_logit_error = relativeError(await infer.read(logits), tensor('logits'));

    let max_grad_error = 0;
    let max_loss_error = 0;
    for (let index = 0; index < steps; index++) {
      train.write(x, batch('tokens.x', index));
      train.write(y, batch('tokens.y', index));
      train.run();
      if (index === 0) {
        max_grad_error = worstTensor(layout, await flat(GRADIENTS), (name) => tensor(`grad.${name}`));
      }
      const offset = (index % RECORD_RING) * RECORD_BYTES;
      const record = new Float32Array(await readBuffer(device.gpu, arena.buffer(RECORDS), offset, RECORD_BYTES));
      max_loss_error = worse(max_loss_error, Math.abs(record[0]! - tensor('loss')[index]!));
    }
    const max_final_error = worstTensor(layout, await flat(PARAMETERS), (name) => tensor(`final.${name}`));
    return { steps, max_loss_error, max_logit_error, max_grad_error, max_final_error };
  } finally {
    arena.destroy();
  }
}
