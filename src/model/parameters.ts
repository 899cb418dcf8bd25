import { ParameterLayout } from '../graph/parameters.ts';
import type { GPTConfig } from './config.ts';
import { Random } from './random.ts';

/** How a tensor starts: every element drawn from N(0, std²), or all ones, or all zeros. */
type Initialisation = { kind: 'normal'; std: number } | { kind: 'ones' } | { kind: 'zeros' };

export interface ParameterRow {
  /** nanoGPT's state-dict name. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialisation: Initialisation;
  /** nanoGPT decays tensors of two or more dimensions. */
  readonly decay: boolean;
}

/**
 * Every learnable tensor of a model, in nanoGPT's order. The one place that knows names, shapes and initialisation.
 *
 * GPT-2's initialisation: N(0, 0.02²), biases zero, gains one, and the two projections that write to the residual
 * stream of each block scaled by 1 / sqrt(2 n_layer), so that the stream's variance does not grow with depth
 * (Radford et al., 2019). A tied head has no row: it is `transformer.wte.weight`.
 */
export function parameterTable(config: GPTConfig): ParameterRow[] {
  const { vocab_size: V, block_size: T, n_embd: C, n_inner, n_layer, bias, tied } = config;
  const rows: ParameterRow[] = [];
  const matrix = (name: string, shape: readonly [number, number], std = 0.02) => {
    rows.push({ name, shape, initialisation: { kind: 'normal', std }, decay: true });
  };
  const vector = (name: string, length: number, kind: 'ones' | 'zeros') => {
    if (kind === 'ones' || bias) {
      rows.push({ name, shape: [length], initialisation: { kind }, decay: false });
    }
  };
  const norm = (name: string) => {
    vector(`${name}.weight`, C, 'ones');
    vector(`${name}.bias`, C, 'zeros');
  };
  const linear = (name: string, out: number, inp: number, std?: number) => {
    matrix(`${name}.weight`, [out, inp], std);
    vector(`${name}.bias`, out, 'zeros');
  };

  const residualStd = 0.02 / Math.sqrt(2 * n_layer);
  matrix('transformer.wte.weight', [V, C]);
  matrix('transformer.wpe.weight', [T, C]);
  for (let layer = 0; layer < n_layer; layer++) {
    const block = `transformer.h.${layer}`;
    norm(`${block}.ln_1`);
    linear(`${block}.attn.c_attn`, 3 * C, C);
    linear(`${block}.attn.c_proj`, C, C, residualStd);
    norm(`${block}.ln_2`);
    linear(`${block}.mlp.c_fc`, n_inner, C);
    linear(`${block}.mlp.c_proj`, C, n_inner, residualStd);
  }
  norm('transformer.ln_f');
  if (!tied) {
    matrix('lm_head.weight', [V, C]);
  }
  return rows;
}

/** Elements of a tensor after which initialisation lets other work in: some milliseconds of drawing. */
const YIELD_AFTER = 50_000;

export function layoutOf(config: GPTConfig): ParameterLayout {
  return new ParameterLayout(parameterTable(config));
}

/**
 * Seeded initial values of the whole flat buffer, gaps zero. Each tensor draws from a stream of its own. Lets the event
 * loop run between tensors, so that millions of draws do not keep a command waiting.
 */
export async function initialParameters(
  config: GPTConfig,
  layout: ParameterLayout,
  seed: number,
): Promise<Float32Array<ArrayBuffer>> {
  const flat = new Float32Array(layout.bytes / 4);
  for (const [stream, { name, initialisation }] of parameterTable(config).entries()) {
    const { offset, size } = layout.slot(name);
    const values = flat.subarray(offset / 4, offset / 4 + size);
    if (initialisation.kind === 'normal') {
      const random = new Random(seed, stream);
      for (let i = 0; i < size; i++) {
        values[i] = initialisation.std * random.normal();
      }
    } else {
      values.fill(initialisation.kind === 'ones' ? 1 : 0);
    }
    if (size > YIELD_AFTER) {
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  return flat;
}

/** Learnable numbers of a model: exactly as many as its buffers hold, the gaps between tensors not counted. */
export function parameterCount(config: GPTConfig): number {
  return layoutOf(config).count;
}
