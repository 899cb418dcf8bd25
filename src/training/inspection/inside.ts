import type { Device } from '../../gpu/device.ts';
import { InklingError } from '../../gpu/errors.ts';
import { readBuffer } from '../../gpu/readback.ts';
import type { KernelTraits } from '../../graph/graph.ts';
import type { ParameterLayout } from '../../graph/parameters.ts';
import type { GPTConfig, TrainingConfig } from '../../model/config.ts';
import type { CorpusPart } from '../step.ts';

/** A run on the GPU as an inspection sees it: its buffers are read, and never written. */
export interface RunInside {
  readonly device: Device;
  readonly model: GPTConfig;
  readonly training: TrainingConfig;
  readonly layout: ParameterLayout;
  /** How the kernels of its steps are shaped: with others, the last bits would be others. */
  readonly traits: KernelTraits;
  /** The part that it is trained on. */
  readonly corpus: CorpusPart;
  /** Name of the buffer of the weights that it writes with. */
  readonly weights: string;
  buffer(name: string): GPUBuffer;
  /** Whether its buffers have not been destroyed. */
  isThere(): boolean;
}

/** Asked right before each submit that reads the run's buffers. Throws `no-model`. */
export function requireThere(run: RunInside): void {
  if (!run.isThere()) {
    throw new InklingError('no-model', 'The model that was looked at is gone.', 'Look again at the present one.');
  }
}

/** One parameter's part of a flat buffer of the run, as it is after the steps submitted so far. */
export async function readParameter(run: RunInside, buffer: string, name: string): Promise<Float32Array<ArrayBuffer>> {
  const { offset, size } = run.layout.slot(name);
  requireThere(run);
  return new Float32Array(await readBuffer(run.device.gpu, run.buffer(buffer), offset, 4 * size));
}

/** A whole flat buffer. */
export async function readFlat(run: RunInside, buffer: string): Promise<Float32Array<ArrayBuffer>> {
  requireThere(run);
  return new Float32Array(await readBuffer(run.device.gpu, run.buffer(buffer), 0, run.layout.bytes));
}
