import type { Device } from '../gpu/device.ts';
import { traitsOf } from '../graph/traits.ts';
import { checkRunConfig } from '../model/config.ts';
import { layoutOf } from '../model/parameters.ts';
import { likelyComputation, unprovenInHalf } from './computation.ts';
import { type TrainerOptions, traceRun } from './trainer-parts.ts';

/**
 * Compiles the kernels of a run that may be started soon, in the order in which it will need them: the step and its
 * evaluations, then what writes its samples, then what watches its norms. One after the other, so that whoever asks for a
 * kernel meanwhile waits for one at most: a software adapter compiles on one core, and a batch that was asked for cannot be
 * taken back. Allocates nothing and computes nothing on the GPU.
 *
 * Returns whether all are there, `false` as soon as `goOn` says so. Throws `bad-config`, and `internal` where one does not
 * compile.
 */
export async function compileAhead(
  device: Device,
  options: Omit<TrainerOptions, 'state'>,
  goOn: () => boolean,
): Promise<boolean> {
  const { model, training, products, tuning } = options;
  checkRunConfig({ model, training });
  const wanted = training.precision;
  const likely = await likelyComputation(device, { wanted, unproven: unprovenInHalf(training), products, tuning });
  const traits = traitsOf(device, likely.products, likely.precision);
  const { step, evaluations, decoders, watched, distance } = traceRun(options, layoutOf(model), traits);
  const { sample } = decoders; // the one that answers has the same kernels
  const writing = [sample.step, sample.readRow, sample.readRows];
  for (const { dispatches } of [step, evaluations.train, evaluations.val, ...writing, watched, distance]) {
    for (const { kernel, bindings } of dispatches) {
      if (!goOn()) return false;
      await device.pipelines.get(kernel, Object.keys(bindings));
    }
  }
  return true;
}
