import type { Vocabulary } from '../generation/text.ts';
import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import type { Bits } from '../graph/packed.ts';
import type { ProductChoices } from '../graph/tuner.ts';
import { type GPTConfig, type TrainingConfig, withSteps } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { dataOf, packingOf, type Weights, weightsIn } from '../model/quantization.ts';
import type { TokenIds } from '../text/corpus.ts';
import type { Checkpoint } from './checkpoint.ts';
import { Instrument, spreadWindows, type Windows } from './instrument.ts';
import { pruneWeights, SCOPES, type Scope, sparseBytes, zerosOf } from './pruning.ts';
import { freshState, weightsOf } from './state.ts';
import { Trainer } from './trainer.ts';

/** A way to shrink a model; each part may be left out. */
export interface Variant {
  /** Bits of a number in the matrices: 32 as trained. */
  bits: 32 | Bits;
  /** The share of the weights that becomes zero, first. */
  prune?: { share: number; scope: Scope };
  /** Steps of training after that, in which zeros stay zero. */
  fine_tune?: number;
}

/** What becomes of a model in a way. Sizes in bytes. */
export interface Measurement {
  variant: Variant;
  /** Of the weights as they are stored and computed with, zeros included. */
  bytes: number;
  /** Weights of matrices that are exactly zero, and all weights. */
  zeros: number;
  parameters: number;
  /** Of a sparse form: a bit a weight, and those that are not zero; null where nothing is pruned or all is packed. */
  sparse_bytes: number | null;
  /** Deflated, as a ZIP holds them. */
  zip_bytes: number;
  /** In nats, on windows of the validation part that are the same for all. */
  val_loss: number;
  /**
   * Of a variant that is pruned and trained further: `val_loss` of the same steps (seed, batches, schedule) on the unpruned
   * weights, in as many bits. What training further gives alone stands there, and the difference is what pruning costs.
   * Null for the others.
   */
  control_val_loss: number | null;
  characters_per_s: number;
  /** What it writes after the prompt, greedily. */
  sample: string;
}

export interface ShrinkOptions {
  model: GPTConfig;
  /** Of the run that has trained it: fine-tuning goes on likewise. */
  training: TrainingConfig;
  weights: Float32Array<ArrayBuffer>;
  /** The two parts of its text. */
  train: TokenIds;
  val: TokenIds;
  vocabulary: Vocabulary;
  /** What the samples begin with. */
  prompt: string;
  products?: ProductChoices | undefined;
}

/** Tokens of the validation part that a loss is measured on; on a processor a large model gets fewer. */
const EVALUATED = 16_384;
const LEAST_EVALUATED = 2048;
const PROCESSOR_WORK = 1e9;
/** Characters of a sample. */
const SAMPLE_LENGTH = 160;
/** Of the rate that the run began with; enough to move what is left, and not so much as to begin anew. */
const FINE_TUNING_RATE = 0.5;

/** How a model is trained further, pruned or not. */
export function fineTuning(training: TrainingConfig, steps: number): TrainingConfig {
  const learning_rate = FINE_TUNING_RATE * training.learning_rate;
  return {
    ...withSteps(training, steps),
    learning_rate,
    min_lr: learning_rate / 10,
    eval_interval: steps,
    eval_iters: 1,
    sample_interval: 0,
    ema_decay: 0, // an average of few steps would mostly be what came before them
    patience: 0,
    keep_zeros: true,
  };
}

/** A model to start from, and no run to go on with: a run's after it was pruned and trained so many steps further. */
export function shrunkRun(run: Checkpoint, weights: Float32Array<ArrayBuffer>, fine_tune = 0): Checkpoint {
  const { training: before, text } = run;
  const training = fine_tune > 0 ? fineTuning(before, fine_tune) : { ...before, keep_zeros: true };
  const state = freshState(training, weights);
  return { ...run, training, text: { ...text, sha256: '' }, val_loss: null, state };
}

/** Throws `bad-options`. */
export function checkVariant({ bits, prune, fine_tune = 0 }: Variant): void {
  const refuse = (message: string, hint: string): never => {
    throw new InklingError('bad-options', message, hint);
  };
  if (bits !== 32 && bits !== 8 && bits !== 4) refuse(`Weights have 32, 8 or 4 bits, not ${bits}.`, 'Take 8.');
  if (prune && !(prune.share >= 0 && prune.share < 1)) {
    refuse(`The share to prune is from 0 to below 1, not ${prune.share}.`, 'Take 0.5 for half of the weights.');
  }
  if (prune && !SCOPES.includes(prune.scope)) {
    refuse(`There is no scope “${prune.scope}”.`, `Take one of ${SCOPES.join(', ')}.`);
  }
  if (!Number.isInteger(fine_tune) || fine_tune < 0) {
    refuse(`A model is trained a whole number of steps further, not ${fine_tune}.`, 'Take 200.');
  }
}

/** Shrinks a trained model in several ways and measures what becomes of it, one way after the other. */
export class ShrinkStudy {
  readonly #device: Device;
  readonly #options: ShrinkOptions;
  readonly #windows: Windows;
  readonly #instruments = new Map<Variant['bits'], Instrument>();
  /** By bits and steps: the loss of the unpruned weights, trained further. */
  readonly #controls = new Map<string, number>();

  constructor(device: Device, options: ShrinkOptions) {
    const { model, val } = options;
    const affordable = Math.max(LEAST_EVALUATED, PROCESSOR_WORK / layoutOf(model).count);
    const most = device.software ? Math.min(EVALUATED, affordable) : EVALUATED;
    this.#device = device;
    this.#options = options;
    this.#windows = spreadWindows(val, model.block_size, most);
  }

  /** Tokens that each loss is a mean of. */
  get evaluated(): number {
    return this.#windows.x.length;
  }

  /**
   * The weights of a variant, of f32 before they are packed. Throws the signal's reason, or `diverged`.
   */
  async shrink({ prune, fine_tune = 0 }: Variant, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
    const { model, weights } = this.#options;
    const pruned = prune ? pruneWeights(layoutOf(model), weights, prune.share, prune.scope) : weights;
    return fine_tune > 0 ? this.#fineTune(pruned, fine_tune, signal) : pruned;
  }

  /** Measures a variant; `told` is given its weights. Throws the signal's reason, and as `Trainer`. */
  async measure(variant: Variant, signal?: AbortSignal, told?: (weights: Weights) => void): Promise<Measurement> {
    const { model, vocabulary, prompt } = this.#options;
    const layout = layoutOf(model);
    const flat = await this.shrink(variant, signal);
    const weights = weightsIn(layout, flat, variant.bits);
    told?.(weights);
    const control_val_loss = await this.#control(variant, signal);
    const passed = () => signal?.throwIfAborted();
    const instrument = await this.#instrument(variant.bits, weights);
    instrument.load(weights);
    const val_loss = await instrument.loss(passed);
    passed();
    const sample = await instrument.write(vocabulary, prompt, SAMPLE_LENGTH);
    passed();
    return {
      variant,
      bytes: packingOf(weights)?.stored ?? 4 * layout.count,
      zeros: zerosOf(layout, flat),
      parameters: layout.count,
      sparse_bytes: variant.prune && variant.bits === 32 ? sparseBytes(layout, flat) : null,
      zip_bytes: await deflated(dataOf(weights)),
      val_loss,
      control_val_loss,
      sample,
      characters_per_s: await instrument.speed(vocabulary, prompt),
    };
  }

  destroy(): void {
    for (const instrument of this.#instruments.values()) instrument.destroy();
    this.#instruments.clear();
  }

  /** What the same steps give without pruning; measured once. */
  async #control({ bits, prune, fine_tune = 0 }: Variant, signal?: AbortSignal): Promise<number | null> {
    if (!prune || fine_tune === 0) return null;
    const key = `${bits} bits, ${fine_tune} steps`;
    const known = this.#controls.get(key);
    if (known !== undefined) return known;
    const flat = await this.shrink({ bits, fine_tune }, signal);
    const weights = weightsIn(layoutOf(this.#options.model), flat, bits);
    const instrument = await this.#instrument(bits, weights);
    instrument.load(weights);
    const loss = await instrument.loss(() => signal?.throwIfAborted());
    this.#controls.set(key, loss);
    return loss;
  }

  async #instrument(bits: Variant['bits'], weights: Weights): Promise<Instrument> {
    const known = this.#instruments.get(bits);
    if (known) return known;
    const { model, products } = this.#options;
    const opened = await Instrument.open(this.#device, model, packingOf(weights), this.#windows, products);
    this.#instruments.set(bits, opened);
    return opened;
  }

  async #fineTune(weights: Float32Array<ArrayBuffer>, steps: number, signal?: AbortSignal) {
    const { model, train, val, products } = this.#options;
    const training = fineTuning(this.#options.training, steps);
    const state = { ...freshState(training, weights, 0), ...(products && { products }) };
    signal?.throwIfAborted();
    const trainer = await Trainer.create(this.#device, { model, training, train, val, state });
    const stop = () => trainer.control.stop();
    try {
      signal?.addEventListener('abort', stop);
      await trainer.run({});
      signal?.throwIfAborted();
      return weightsOf(await trainer.snapshot());
    } finally {
      signal?.removeEventListener('abort', stop);
      trainer.destroy();
    }
  }
}

/** Bytes of a buffer's numbers when they are deflated. */
async function deflated(data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([data]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;

/** Everything that a model is tried with: as it is, with fewer bits, pruned in both scopes, and trained further after it. */
export function allVariants(fine_tune: number): Variant[] {
  const pruned = (scope: Scope) => SHARES.map((share): Variant => ({ bits: 32, prune: { share, scope } }));
  const tuned = SHARES.filter((_, i) => i % 2 === 0).map((share): Variant => {
    return { bits: 32, prune: { share, scope: 'global' }, fine_tune };
  });
  return [
    { bits: 32 },
    { bits: 8 },
    { bits: 4 },
    ...pruned('tensor'),
    ...pruned('global'),
    ...(fine_tune > 0 ? tuned : []),
  ];
}
