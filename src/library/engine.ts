import { type Device, openDevice } from '../gpu/device.ts';
import { checkRunConfig, type ModelShape, type PresetName, preset } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import { readCorpus, sourceOf } from '../text/read.ts';
import { decodeCheckpoint } from '../training/checkpoint.ts';
import { freshState } from '../training/state.ts';
import { Model } from './model.ts';

/** What a new model is to be. Whatever is left out comes from the preset. */
export interface ModelOptions extends Partial<ModelShape> {
  /** The text that it will learn, or any other with the same characters: one token each. `<|endoftext|>` between
   * documents is a token as well. */
  text: string;
  /** Without it `tiny` on a software adapter, otherwise `nanogpt-cpu`. */
  preset?: PresetName;
  /** Of the initial weights. */
  seed?: number;
}

/** A GPU that models live on. */
export class Engine {
  readonly #device: Device;

  /** Use `openEngine`. */
  constructor(device: Device) {
    this.#device = device;
  }

  /** One readable line that names the adapter. */
  get adapter(): string {
    return this.#device.name;
  }

  /** True where the processor computes: correct, but slow. */
  get software(): boolean {
    return this.#device.software;
  }

  /** A model with fresh weights. Throws `bad-config`, `empty-text` or `too-many-characters`. */
  async create({ text, preset: name, seed, ...shape }: ModelOptions): Promise<Model> {
    const base = preset(name ?? (this.software ? 'tiny' : 'nanogpt-cpu'));
    const training = { ...base.training, sample_interval: 0, ...(seed !== undefined && { seed }) };
    const width = shape.n_embd ?? base.model.n_embd;
    const { tokenizer } = await readCorpus(sourceOf('text', text));
    const config = { ...base.model, n_inner: 4 * width, ...shape, vocab_size: tokenizer.vocab_size };
    checkRunConfig({ model: config, training });
    const weights = await initialParameters(config, layoutOf(config), training.seed);
    const described = { name: '', sha256: '', documents: tokenizer.documents };
    const run = { model: config, training, vocabulary: tokenizer.vocabulary, text: described };
    return new Model(this.#device, { ...run, val_loss: null, state: freshState(training, weights) });
  }

  /** The model in a file that `Model.save`, the page or `train --out` has written. Throws `bad-checkpoint`. */
  async load(file: Uint8Array<ArrayBuffer>): Promise<Model> {
    return new Model(this.#device, decodeCheckpoint(file));
  }

  /** Gives the GPU back. Its models cannot be used any more. */
  close(): void {
    this.#device.gpu.destroy();
  }
}

/**
 * Opens the fastest adapter of `gpu`: `navigator.gpu` in a page or a worker, `create([])` of the package `webgpu` in Node.
 *
 * Throws an `InklingError` with the code `no-adapter` or `no-device`.
 */
export async function openEngine(gpu: GPU): Promise<Engine> {
  return new Engine(await openDevice(gpu));
}
