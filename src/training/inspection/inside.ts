import { arrived } from '../../gpu/arrival.ts';
import { type Device, guarded } from '../../gpu/device.ts';
import { InklingError } from '../../gpu/errors.ts';
import type { KernelTraits } from '../../graph/graph.ts';
import type { ParameterLayout } from '../../graph/parameters.ts';
import type { GPTConfig, TrainingConfig } from '../../model/config.ts';
import { PROGRESS } from '../state.ts';
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

/** Part of one of the run's buffers. Offsets and lengths in bytes, multiples of four. */
export interface Piece {
  buffer: string;
  offset: number;
  bytes: number;
}

/** Pieces of the run's buffers and its steps, all at one moment: after the steps submitted so far. Throws `no-model`. */
export async function readMoment(
  run: RunInside,
  pieces: readonly Piece[],
): Promise<{ step: number; numbers: Float32Array<ArrayBuffer>[] }> {
  requireThere(run);
  const { gpu } = run.device;
  const all = [{ buffer: PROGRESS, offset: 0, bytes: 4 }, ...pieces];
  const size = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const staging = await guarded(gpu, 'a copy of what is looked at', () =>
    gpu.createBuffer({ label: 'look', size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST }),
  );
  try {
    requireThere(run);
    const encoder = gpu.createCommandEncoder();
    let end = 0;
    for (const { buffer, offset, bytes } of all) {
      encoder.copyBufferToBuffer(run.buffer(buffer), offset, staging, end, bytes);
      end += bytes;
    }
    gpu.queue.submit([encoder.finish()]);
    await arrived(gpu, staging.mapAsync(GPUMapMode.READ)); // the CPU waits for the GPU
    const mapped = staging.getMappedRange();
    const step = new Uint32Array(mapped, 0, 1)[0]!;
    let from = 4;
    const numbers = pieces.map(({ bytes }) => {
      const copy = new Float32Array(mapped.slice(from, from + bytes));
      from += bytes;
      return copy;
    });
    return { step, numbers };
  } finally {
    staging.destroy();
  }
}

/** Where a parameter lies in a flat buffer. */
export function pieceOf({ layout }: RunInside, buffer: string, name: string): Piece {
  const { offset, size } = layout.slot(name);
  return { buffer, offset, bytes: 4 * size };
}

/** A whole flat buffer. */
export function wholeOf({ layout }: RunInside, buffer: string): Piece {
  return { buffer, offset: 0, bytes: layout.bytes };
}
