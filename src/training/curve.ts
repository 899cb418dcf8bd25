import type { Device } from '../gpu/device.ts';
import type { PrecisionChoice, PresetName } from '../model/config.ts';
import { preset, withSteps } from '../model/config.ts';
import { splitCorpus, type TokenIds } from '../text/corpus.ts';
import type { Computation } from './computation.ts';
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

export interface CurveComparison {
  computation: Computation;
  losses: number[];
  /** Of the same run in f32. */
  expected: number[];
  difference: number;
}

/** Trains a preset twice from the same seed on the same text, once as `precision` says and once in f32. */
export async function compareCurves(
  device: Device,
  config: PresetName,
  precision: PrecisionChoice,
  text: { ids: TokenIds; vocab_size: number },
  steps: number,
): Promise<CurveComparison> {
  const { model, training } = preset(config);
  const run = async (choice: PrecisionChoice) => {
    const trainer = await Trainer.create(device, {
      model: { ...model, vocab_size: text.vocab_size },
      training: {
        ...withSteps(training, steps),
        eval_interval: steps,
        eval_iters: 1,
        sample_interval: 0,
        precision: choice,
      },
      ...splitCorpus(text.ids),
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
  return { computation, losses, expected, difference: curveDifference(losses, expected) };
}
