import type { RunConfig } from '../../model/config.ts';

/** How long a step takes on this adapter: measured, never guessed. */
export interface Speed {
  /** Milliseconds a step. */
  ms: number;
  /** Steps that were timed. */
  steps: number;
  /** In a trial, or in a run that goes on. */
  from: 'trial' | 'run';
}

/** What was measured since the page was opened, by what decides the time of a step. */
export class Speeds {
  readonly #known = new Map<string, Speed>();

  learn(config: RunConfig, vocabulary: number, speed: Speed): void {
    this.#known.set(keyOf(config, vocabulary), speed);
  }

  of(config: RunConfig, vocabulary: number | null): Speed | null {
    return vocabulary === null ? null : (this.#known.get(keyOf(config, vocabulary)) ?? null);
  }

  /** Another adapter has another speed. */
  forget(): void {
    this.#known.clear();
  }
}

/** All that changes the work of a step, and nothing that only changes its numbers. */
function keyOf({ model, training }: RunConfig, vocabulary: number): string {
  const { batch_size, gradient_accumulation_steps, optimizer, momentum, dropout, label_smoothing, ema_decay } =
    training;
  const { n_layer, n_head, n_embd, n_inner, block_size, bias, tied, activation } = model;
  const { l2, grad_clip, keep_zeros, precision } = training;
  return [
    [vocabulary, n_layer, n_head, n_embd, n_inner, block_size, bias, tied, activation],
    [batch_size, gradient_accumulation_steps, optimizer, keep_zeros, precision],
    [momentum, dropout, label_smoothing, ema_decay, l2, grad_clip].map((value) => value > 0),
  ].join();
}
