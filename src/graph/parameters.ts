import { InklingError } from '../gpu/errors.ts';

/** One learnable tensor's place in the flat buffers. */
export interface ParameterSlot {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay applies: nanoGPT decays tensors of two or more dimensions. */
  readonly decay: boolean;
  /** In bytes, the same in the parameters, the gradients and each moment. */
  readonly offset: number;
  /** Elements. */
  readonly size: number;
}

// Every WebGPU device can bind a buffer from a multiple of 256 bytes on.
const ALIGNMENT = 256;

/**
 * The flat layout of all parameters: decayed tensors first, so that one comparison tells the optimizer whether an
 * element decays. Gradients and moments use the same layout; the gaps between tensors stay zero.
 */
export class ParameterLayout {
  readonly slots: ReadonlyMap<string, ParameterSlot>;
  /** Elements that belong to decayed tensors, gaps included. */
  readonly decayed: number;
  /** Bytes of the whole buffer. */
  readonly bytes: number;
  /** Learnable numbers, gaps not counted. */
  readonly count: number;

  constructor(table: readonly { name: string; shape: readonly number[]; decay: boolean }[]) {
    const slots = new Map<string, ParameterSlot>();
    let offset = 0;
    let count = 0;
    let decayed = 0;
    for (const decay of [true, false]) {
      for (const row of table) {
        if (row.decay === decay) {
          const size = row.shape.reduce((product, length) => product * length, 1);
          slots.set(row.name, { ...row, offset, size });
          count += size;
          offset += Math.ceil((4 * size) / ALIGNMENT) * ALIGNMENT;
        }
      }
      decayed = decay ? offset / 4 : decayed;
    }
    this.slots = slots;
    this.decayed = decayed;
    this.bytes = Math.max(offset, ALIGNMENT);
    this.count = count;
  }

  slot(name: string): ParameterSlot {
    const slot = this.slots.get(name);
    if (!slot) {
      throw new InklingError('internal', `The layout has no parameter “${name}”.`);
    }
    return slot;
  }
}
