import type { Device } from '../gpu/device.ts';
import type { PrecisionChoice, PresetName } from '../model/config.ts';
import { preset, withSteps } from '../model/config.ts';
import { initialParameters, layoutOf } from '../model/parameters.ts';
import { Random } from '../model/random.ts';
import { splitCorpus, type TokenIds } from '../text/corpus.ts';
import type { Computation } from './computation.ts';
import { freshState } from './state.ts';
import { Trainer } from './trainer.ts';

/** A faster way to compute must stay within this share of the losses in f32. */
export const CURVE_TOLERANCE = 0.01;
/** Steps whose mean loss is compared: single losses differ by which batch was drawn, and that is the same in both. */
const WINDOW = 25;

/** Mean losses of windows of so many steps, the last one shorter. */
function windows(losses: readonly number[]): number[] {
  const count = Math.ceil(losses.length / WINDOW);
  return Array.from({ length: count }, (_, i) => {
    const part = losses.slice(i * WINDOW, (i + 1) * WINDOW);
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  });
}

/** The largest difference of two curves of the same length, as a share of the second; infinite where one is not finite. */
export function curveDifference(losses: readonly number[], expected: readonly number[]): number {
  if (losses.length !== expected.length) return Number.POSITIVE_INFINITY;
  const [a, b] = [windows(losses), windows(expected)];
  return a.reduce((most, loss, i) => {
    const difference = Math.abs(loss - b[i]!) / b[i]!;
    return difference >= 0 ? Math.max(most, difference) : Number.POSITIVE_INFINITY; // NaN is no agreement
  }, 0);
}

/** Weights moved by at most one unit in the last place, each at random: what rounding alone may do to a run. */
export function nudged(weights: Float32Array, seed: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(weights);
  const bits = new Int32Array(out.buffer);
  const random = new Random(seed);
  for (let i = 0; i < bits.length; i++) {
    const move = Math.floor(3 * random.uniform()) - 1;
    if (out[i] !== 0) bits[i]! += move; // beside zero stand only numbers too small for some adapters
  }
  return out;
}

export interface CurveComparison {
  computation: Computation;
  losses: number[];
  /** Of the same run in f32. */
  expected: number[];
  difference: number;
  /** The difference of two runs in f32 whose initial weights are a rounding error apart: what says nothing of a precision. */
  control: number;
}

/**
 * Trains a preset three times from the same seed on the same text: as `precision` says, in f32, and in f32 from weights a
 * rounding error apart.
 */
export async function compareCurves(
  device: Device,
  config: PresetName,
  precision: PrecisionChoice,
  text: { ids: TokenIds; vocab_size: number },
  steps: number,
): Promise<CurveComparison> {
  const { model: shape, training: usual } = preset(config);
  const model = { ...shape, vocab_size: text.vocab_size };
  const plan = { ...withSteps(usual, steps), eval_interval: steps, eval_iters: 1, sample_interval: 0 };
  const run = async (choice: PrecisionChoice, weights?: Float32Array<ArrayBuffer>) => {
    const training = { ...plan, precision: choice };
    const state = weights && { state: freshState(training, weights) };
    const trainer = await Trainer.create(device, {
      model,
      training,
      ...splitCorpus(text.ids),
      ...state,
      measuring: true,
    });
    try {
      const losses: number[] = [];
      await trainer.run({ steps: (records) => void losses.push(...records.map(({ loss }) => loss)) });
      return { computation: trainer.computation, losses };
    } finally {
      trainer.destroy();
    }
  };
  const { computation, losses } = await run(precision);
  const { losses: expected } = await run('f32');
  const { losses: beside } = await run(
    'f32',
    nudged(await initialParameters(model, layoutOf(model), plan.seed), plan.seed),
  );
  const difference = curveDifference(losses, expected);
  return { computation, losses, expected, difference, control: curveDifference(beside, expected) };
}
