import type { Device } from '../gpu/device.ts';
import type { Graph, KernelTraits, Precision } from '../graph/graph.ts';
import { whyNotHalf, whyNotUnits } from '../graph/half-check.ts';
import { timeProducts } from '../graph/product-timing.ts';
import { traitsOf } from '../graph/traits.ts';
import { type ProductChoices, rememberedChoices, type Tuning, tuneProducts, untimedChoices } from '../graph/tuner.ts';
import type { PrecisionChoice, TrainingConfig } from '../model/config.ts';
import type { TrainingState } from './state.ts';

/** How a run computes its matrix products. It keeps to it: another way gives other last bits. */
export interface Computation {
  readonly precision: Precision;
  /** The variants, where they were chosen for this model. */
  readonly products: ProductChoices | undefined;
  /** Why it computes in f32 though f16 was asked for; empty where it does as it was asked. */
  readonly note: string;
}

/**
 * The largest learning rate of AdamW at which f16 has been seen to learn as f32 does: within 1 % over 500 steps of tiny. At
 * 5e-3 it strays by up to 17 %; see docs/performance.md.
 */
export const HALF_LEARNING_RATE = 1e-3;

/** Why a run in f16 may not learn as one in f32 does; undefined where it has been seen to. */
export function unprovenInHalf({
  optimizer,
  learning_rate,
}: Pick<TrainingConfig, 'optimizer' | 'learning_rate'>): string | undefined {
  if (optimizer !== 'adamw') {
    return 'f16 has been seen to learn as f32 does with AdamW only';
  }
  return learning_rate > HALF_LEARNING_RATE
    ? `f16 learns as f32 does up to a learning rate of ${HALF_LEARNING_RATE}, and this one is ${learning_rate}`
    : undefined;
}

export interface ComputationOptions {
  /** Runs of earlier versions have none: f32. */
  wanted: PrecisionChoice | undefined;
  /** Why f16 is not to be taken, whatever the adapter can. */
  unproven?: string | undefined;
  /** Where the run goes on from. */
  state?: Pick<TrainingState, 'step' | 'products' | 'precision'> | undefined;
  /** The variants to take, where `state` has none: those of another run. */
  products?: ProductChoices | undefined;
  /** Times the variants first, unless these are given or the run has begun. */
  tuning?: Tuning | undefined;
}

/**
 * Decides how a run computes: as it did before, or, before its first step, as `wanted` and as this adapter can. f16 is taken
 * only where the adapter has it, its products agree with those in f32 and nothing is `unproven`, and `auto` only where the
 * products of this model are quicker in it. `traced` traces the step.
 */
export async function chooseComputation(
  device: Device,
  traced: (traits: KernelTraits) => Graph,
  { wanted = 'f32', unproven, state, products: given, tuning }: ComputationOptions,
): Promise<Computation> {
  const begun = (state?.step ?? 0) > 0;
  if (begun || state?.precision) {
    const precision = state?.precision && device.half ? 'f16' : 'f32';
    const lost = state?.precision && !device.half;
    return {
      precision,
      products: state?.products,
      note: lost ? 'The run was computed with f16 products, which this adapter does not have; it goes on in f32.' : '',
    };
  }
  const variants = async (precision: Precision) => {
    const known = state?.products ?? given;
    const onUnits = precision === 'f16' && !device.software && device.units !== undefined;
    if (known || !(tuning || onUnits)) return known;
    const trusted = !onUnits || (await whyNotUnits(device)) === null;
    const able = trusted ? device : { ...device, units: undefined };
    const graph = traced(traitsOf(able, {}, precision));
    return tuning ? tuneProducts(able, graph, tuning) : untimedChoices(able, graph);
  };
  const full = async (note: string): Promise<Computation> => ({
    precision: 'f32',
    products: await variants('f32'),
    note,
  });
  if (wanted === 'f32') return full('');
  const because = (reason: string) => full(`Computing in f32: ${reason}.`);
  if (!device.half) return because('the adapter has no shader-f16');
  if (unproven) return because(unproven);
  if (wanted === 'auto' && device.software) return because('a processor gains nothing by f16');
  const products = await variants('f16');
  const half = traced(traitsOf(device, products, 'f16'));
  const fault = await whyNotHalf(device, half);
  if (fault !== null) return because(fault);
  if (wanted === 'auto') {
    const other = await full('');
    const [inHalf, inFull] = [
      await timeProducts(device, half),
      await timeProducts(device, traced(traitsOf(device, other.products))),
    ];
    if (inHalf >= inFull) return { ...other, note: 'Computing in f32: f16 is not quicker for this model here.' };
  }
  return { precision: 'f16', products, note: '' };
}

/**
 * How a run that has not begun will most likely compute, as far as that can be told without computing anything: f16 is
 * expected to pass its check and to be the quicker one, and shapes that were never timed are left out.
 */
export async function likelyComputation(
  device: Device,
  { wanted = 'f32', unproven, products, tuning }: Omit<ComputationOptions, 'state'>,
): Promise<Pick<Computation, 'precision' | 'products'>> {
  const half = device.half && !unproven && (wanted === 'f16' || (wanted === 'auto' && !device.software));
  const known = products ?? (tuning && (await rememberedChoices(device, half, tuning.memory)));
  return { precision: half ? 'f16' : 'f32', products: known };
}

/** What a run's state says of it. */
export function recordOf({ precision, products }: Partial<Computation>): Pick<TrainingState, 'products' | 'precision'> {
  return { ...(products && { products }), ...(precision === 'f16' && { precision }) };
}
