import type { Device } from '../gpu/device.ts';
import type { PrecisionChoice, PresetName } from '../model/config.ts';
import { CURVE_TOLERANCE, compareCurves } from '../training/curve.ts';
import { adapterName } from './open.ts';
import type { Output } from './output.ts';
import { DEFAULT_TEXT, readText } from './texts.ts';

const STEPS = 500;

const percent = (share: number) => `${(100 * share).toFixed(3)} %`;

/** `bench --curve`: whether a run in another precision learns as one in f32 does; false where it strays by more than 1 %. */
export async function benchCurve(
  device: Device,
  output: Output,
  {
    names,
    precision,
    steps = STEPS,
  }: { names: readonly PresetName[]; precision: PrecisionChoice; steps?: number | undefined },
): Promise<boolean> {
  const { ids, tokenizer } = await readText(DEFAULT_TEXT, output);
  let sound = true;
  for (const config of names) {
    const { vocab_size } = tokenizer;
    const compared = await compareCurves(device, config, precision, { ids, vocab_size }, steps);
    const { computation, losses, expected, difference, control } = compared;
    if (computation.note) output.remark(computation.note);
    const holds = difference <= CURVE_TOLERANCE;
    sound &&= holds;
    output.result(
      {
        config,
        adapter: adapterName(device),
        precision: computation.precision,
        steps,
        loss: losses.at(-1),
        loss_f32: expected.at(-1),
        difference,
        control,
        holds,
      },
      `${config}: ${steps} steps in ${computation.precision} and in f32 differ by ${percent(difference)} at most (mean of 25 steps), two runs in f32 a rounding error apart by ${percent(control)}: ${holds ? 'the precision holds' : 'the precision is refused'}, on ${adapterName(device)}.`,
    );
  }
  return sound;
}
