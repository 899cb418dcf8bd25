import { InklingError } from '../gpu/errors.ts';

/** How the next token is drawn from the model's logits; see draw_token.wgsl for the exact order. */
export interface SamplingOptions {
  /** Logits are divided by it; 0 takes the most probable token, of equals the one with the lowest id. */
  temperature: number;
  /** Only the k most probable tokens may be drawn; 0 for all. */
  top_k: number;
  /** Only the most probable tokens that together reach this probability may be drawn (Holtzman et al., 2020); 1 for all. */
  top_p: number;
  /** The logits of tokens that stand in the window are divided by it where positive, and multiplied otherwise
   * (Keskar et al., 2019); 1 changes nothing. */
  repetition_penalty: number;
  seed: number;
}

export interface GenerationOptions extends SamplingOptions {
  /** Tokens to write. */
  length: number;
  /** A token that is never drawn: `<|endoftext|>`, where the corpus is one document, so that nothing has been learnt about
   * it. */
  never?: number | undefined;
  /** A token that ends a text and is not part of it: `<|endoftext|>`, where the corpus is a list of documents. */
  end?: number | undefined;
}

/** What each option may be. */
export const SAMPLING_BOUNDS = {
  length: [1, 1e6],
  temperature: [0, 100],
  top_k: [0, 1e6],
  top_p: [1e-6, 1],
  repetition_penalty: [0.1, 10],
  seed: [0, 2 ** 32 - 1],
} as const satisfies Partial<Record<keyof GenerationOptions, readonly [low: number, high: number]>>;

export const SAMPLING_DEFAULTS = {
  length: 300,
  temperature: 0.8,
  top_k: 0,
  top_p: 1,
  repetition_penalty: 1,
  seed: 1337,
} as const satisfies Record<keyof typeof SAMPLING_BOUNDS, number>;

const WHOLE = new Set<string>(['length', 'top_k', 'seed']);

/** Throws `bad-options` for a number outside of its bounds. */
export function checkGenerationOptions(options: GenerationOptions): void {
  for (const [name, [low, high]] of Object.entries(SAMPLING_BOUNDS) as [
    keyof typeof SAMPLING_BOUNDS,
    readonly [number, number],
  ][]) {
    const value = options[name];
    if (!(value >= low && value <= high) || (WHOLE.has(name) && !Number.isInteger(value))) {
      throw new InklingError(
        'bad-options',
        `${name} must be ${WHOLE.has(name) ? 'a whole number' : 'a number'} from ${low} to ${high}, not ${value}.`,
        `Choose another ${name}.`,
      );
    }
  }
}
