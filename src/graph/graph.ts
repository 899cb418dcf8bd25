import type { MatrixUnits } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { bindingsOf, type Kernel } from '../gpu/kernel.ts';
import type { Workgroups } from '../gpu/recording.ts';
import { joinedName, sideBySide } from '../gpu/side-by-side.ts';
import { type HalfLayout, halfLayout } from './halves.ts';
import type { ProductVariant } from './operators/product-variants.ts';
import type { PackedLayout } from './packed.ts';
import type { ParameterLayout } from './parameters.ts';
import { type DType, Tensor } from './tensor.ts';

/** What the products of a training step read: weights and activations in f32, or in f16. */
export type Precision = 'f32' | 'f16';

/** How kernels are shaped for an adapter. */
export interface KernelTraits {
  /** Threads that share one row of a norm or a softmax; 1 needs no barrier. A power of two, at most 256. */
  readonly lanes: number;
  /**
   * How matrix products are computed for which `products` has no choice; `expected` is what a GPU is expected to be quickest
   * at. `register4` without it.
   */
  readonly product?: ProductVariant | 'expected';
  /** The tuner's choices, by `productKey`. */
  readonly products?: ReadonlyMap<string, ProductVariant>;
  /**
   * Whether products are told their sizes as they run, so that those of a model's layers share few kernels: a processor has
   * these to compile, and to read into its caches again and again.
   */
  readonly toldSizes?: boolean;
  /** Multiplications of a product up to which two go side by side in one dispatch; without it, of any. */
  readonly largestJoined?: number;
  /** Whether the four threads of a quad may tell each other what they have read. */
  readonly quads?: boolean;
  /**
   * By what the four threads that share a row in attention, where its channels can be shared out so, tell each other of it: as
   * a quad or through workgroup memory. Without it a thread has a row.
   */
  readonly sharedRows?: 'quads' | 'memory' | undefined;
  /** Whether threads have registers for few numbers: then they own fewer. */
  readonly fewRegisters?: boolean;
  /** Whether a training step's products read weights and activations in f16; sums, gradients and weights stay in f32. */
  readonly half?: boolean;
  /** Whether attention brings its rows into workgroup memory by tiles, where they fit. */
  readonly tiledRows?: boolean;
  /** Bytes of workgroup memory that there are; without it what every adapter has. */
  readonly workgroupMemory?: number;
  /** The adapter's matrix units, which compute on operands in f16. */
  readonly units?: MatrixUnits | undefined;
}

/** Names of the flat buffers that regions may lie in. */
export const PARAMETERS = 'parameters';
export const GRADIENTS = 'gradients';
/** A copy of the matrices in f16, made anew in each step, and where each piece of them lies in it. */
export const HALVES = 'halves';
export const HALF_PLACES = 'places of halves';

/** One kernel launch over tensors, in the order in which they will run. */
export interface Dispatch {
  readonly kernel: Kernel;
  /** Tensors by the name that the shader declares. */
  readonly bindings: Readonly<Record<string, Tensor>>;
  /** Of those, the names that the shader may write. */
  readonly writes: ReadonlySet<string>;
  readonly workgroups: Workgroups;
  /** What it was joined from; see `dispatchSideBySide`. */
  readonly parts?: readonly Dispatch[];
}

/** The launches that a dispatch was joined from, or itself. */
export function partsOf(dispatch: Dispatch): readonly Dispatch[] {
  return dispatch.parts ?? [dispatch];
}

/**
 * A model traced once: a flat list of dispatches over tensors that have no memory yet.
 *
 * Operators append their forward dispatches as they are called, and a rule that appends the backward ones.
 * `backward` runs the rules in reverse order (reverse-mode differentiation), so forward and backward of an operator
 * stand in one function and share its variables.
 *
 * The accumulation rule, for activations and parameters alike: the first contribution to a gradient is written with
 * `=`, every later one with `+=`. Operators ask `gradientOf` which of the two it is.
 */
export class Graph {
  readonly dispatches: Dispatch[] = [];
  readonly inputs: Tensor[] = [];
  readonly outputs = new Set<Tensor>();
  readonly layout: ParameterLayout;
  readonly traits: KernelTraits;
  /** Whether operators keep what a backward pass needs. */
  readonly training: boolean;
  /** The flat buffer that parameters are read from: `PARAMETERS`, or a copy of the weights. */
  readonly weights: string;
  /** Where the copy of the matrices in f16 has them; undefined where products read f32. */
  readonly halves: HalfLayout | undefined;
  /** How the matrices lie in that buffer where they are packed: forward only. */
  readonly packing: PackedLayout | undefined;
  readonly #parameters = new Map<string, Tensor>();
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #rules: { out: Tensor; rule: (dout: Tensor) => void }[] = [];

  constructor(
    layout: ParameterLayout,
    traits: KernelTraits,
    training: boolean,
    weights = PARAMETERS,
    packing?: PackedLayout,
  ) {
    if (training && packing) {
      throw new InklingError('internal', 'Packed weights cannot be trained.');
    }
    this.layout = layout;
    this.traits = traits;
    this.training = training;
    this.weights = weights;
    this.halves = training && traits.half ? halfLayout(layout) : undefined;
    this.packing = packing;
  }

  /** A tensor that the caller writes before a run. */
  input(name: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    const tensor = new Tensor(name, shape, dtype, { kind: 'own' });
    this.inputs.push(tensor);
    return tensor;
  }

  /** The learnable tensor of that name, in the flat parameter buffer. Asking twice gives the same one. */
  parameter(name: string, shape: readonly number[]): Tensor {
    const slot = this.layout.slot(name);
    if (String(slot.shape) !== String(shape)) {
      throw new InklingError('internal', `Parameter ${name} is [${slot.shape}], not [${shape}].`);
    }
    let tensor = this.#parameters.get(name);
    if (!tensor) {
      tensor = this.packing
        ? this.#packed(this.packing, name)
        : this.region(this.weights, name, shape, 'f32', slot.offset);
      this.#parameters.set(name, tensor);
    }
    return tensor;
  }

  #packed(packing: PackedLayout, name: string): Tensor {
    const { shape, offset, words, scales } = packing.slot(name);
    const tensor = this.region(this.weights, name, shape, 'f32', offset);
    if (words > 0) {
      tensor.packed = {
        bits: packing.bits,
        words: this.region(this.weights, `words of ${name}`, [shape[0]!, words], 'u32', offset),
        scales: this.region(this.weights, `scales of ${name}`, [shape[0]!], 'f32', scales),
      };
    }
    return tensor;
  }

  /** Part of a buffer that belongs to whoever compiles the graph. `offset` in bytes. */
  region(buffer: string, name: string, shape: readonly number[], dtype: DType = 'f32', offset = 0): Tensor {
    return new Tensor(name, shape, dtype, { kind: 'region', buffer, offset });
  }

  /** An intermediate result; its memory is reused when its last reader has run. */
  tensor(name: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    return new Tensor(name, shape, dtype, { kind: 'pooled' });
  }

  /**
   * Where a kernel leaves `count` parts (count, ...) of what they add up to, for `combine`: the engine's own, so that what a
   * step must move does not count it.
   */
  parts(of: Tensor, count: number): Tensor {
    const parts = this.tensor(`parts of ${of.name}`, [count, ...of.shape]);
    parts.scratch = true;
    return parts;
  }

  /** An intermediate result that only matrix products read, and what can read it in f16. */
  operand(name: string, shape: readonly number[]): Tensor {
    return this.tensor(name, shape, this.halves ? 'f16' : 'f32');
  }

  /** A matrix as products read it: itself, or its copy in f16. */
  readByProducts(matrix: Tensor): Tensor {
    const offset = this.halves?.offsets.get(matrix.name);
    return offset === undefined ? matrix : this.region(HALVES, matrix.name, matrix.shape, 'f16', offset);
  }

  /** Keeps a tensor's value to the end of the run, so that it can be read. */
  output(tensor: Tensor): Tensor {
    this.outputs.add(tensor);
    return tensor;
  }

  dispatch(kernel: Kernel, bindings: Record<string, Tensor>, workgroups: Workgroups): void {
    this.dispatches.push(this.#checked({ kernel, bindings, workgroups }));
  }

  /** Several launches in one dispatch. None may read or write what another one writes. */
  dispatchSideBySide(launches: readonly Pick<Dispatch, 'kernel' | 'bindings' | 'workgroups'>[]): void {
    const parts = launches.map((launch) => this.#checked(launch));
    const joined = parts.flatMap(({ bindings }, i) =>
      Object.entries(bindings).map(([name, tensor]) => [joinedName(name, i), tensor] as const),
    );
    const whole = this.#checked({ ...sideBySide(parts), bindings: Object.fromEntries(joined) });
    this.dispatches.push({ ...whole, parts });
  }

  #checked({ kernel, bindings, workgroups }: Pick<Dispatch, 'kernel' | 'bindings' | 'workgroups'>): Dispatch {
    const packed = Object.values(bindings).find((tensor) => tensor.packed);
    if (packed) {
      throw new InklingError('internal', `${kernel.entry} reads ${packed} as if it were not packed.`);
    }
    const declared = bindingsOf(kernel.source);
    const writes = new Set(Object.keys(bindings).filter((name) => declared.get(name)?.type === 'storage'));
    return { kernel, bindings, writes, workgroups };
  }

  /** Registers how to turn the gradient of `out` into the gradients of what it was made from. */
  onBackward(out: Tensor, rule: (dout: Tensor) => void): void {
    if (this.training) {
      this.#rules.push({ out, rule });
    }
  }

  /**
   * Where to write a contribution to d`x`, and whether to add to what is there (`+=`) or to write over it (`=`).
   *
   * Where x is an activation act(z), what is kept is dz: only an operator that `multiplies` its contribution by act'(z)
   * may ask.
   */
  gradientOf(x: Tensor, multiplies = false): { dx: Tensor; accumulate: boolean } {
    if (x.slope && !multiplies) {
      throw new InklingError('internal', `${x} is an activation: only a linear layer may read it.`);
    }
    const known = this.#gradients.get(x);
    if (known) {
      return { dx: known, accumulate: true };
    }
    const dx =
      x.place.kind === 'region' && x.place.buffer === this.weights
        ? this.region(GRADIENTS, `d ${x.name}`, x.shape, 'f32', x.place.offset)
        : this.tensor(`d ${x.name}`, x.shape);
    this.#gradients.set(x, dx);
    return { dx, accumulate: false };
  }

  /**
   * Makes `dx` itself the gradient of `x`, without a copy. Whoever hands a gradient on must have read it before: the
   * next contribution is added to it in place.
   */
  handOn(x: Tensor, dx: Tensor): void {
    if (x.slope) {
      throw new InklingError('internal', `${x} is an activation: only a linear layer may read it.`);
    }
    if (this.#gradients.has(x)) {
      throw new InklingError('internal', `The gradient of ${x} cannot be handed on: it has contributions already.`);
    }
    this.#gradients.set(x, dx);
  }

  /** The gradient that `backward` has traced for `x`. */
  gradient(x: Tensor): Tensor {
    const found = this.#gradients.get(x);
    if (!found) {
      throw new InklingError('internal', `${x} has no gradient.`);
    }
    return found;
  }

  /** Appends the backward dispatches, from `out` to every parameter. `dout` seeds it and may be overwritten. */
  backward(out: Tensor, dout: Tensor): void {
    this.handOn(out, dout);
    for (const { out: y, rule } of this.#rules.toReversed()) {
      const dy = this.#gradients.get(y);
      if (dy) {
        rule(dy);
      }
    }
    this.#rules.length = 0;
  }
}
