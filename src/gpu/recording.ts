import { InklingError } from './errors.ts';

export type Workgroups = readonly [x: number, y: number, z: number];

/** The most workgroups in one dimension that every WebGPU device takes. */
export const MAX_WORKGROUPS = 65_535;

/** A dispatch with everything prebuilt: replaying it makes three calls and allocates nothing. */
export interface RecordedDispatch {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: Workgroups;
}

/**
 * Folds `count` workgroups into two dimensions when one is too short for them.
 *
 * A kernel dispatched so finds its number as `workgroup_id.x + workgroup_id.y * num_workgroups.x` and ignores the
 * few past the end.
 */
export function fold(count: number): Workgroups {
  if (count <= MAX_WORKGROUPS) {
    return [count, 1, 1];
  }
  const rows = Math.ceil(count / MAX_WORKGROUPS);
  if (rows > MAX_WORKGROUPS) {
    throw new InklingError(
      'too-large',
      `${count} workgroups are more than one dispatch can hold.`,
      'Take a smaller model.',
    );
  }
  return [Math.ceil(count / rows), rows, 1];
}

/** Replays the list once. The caller owns the pass, so that many steps can share one. */
export function replay(pass: GPUComputePassEncoder, dispatches: readonly RecordedDispatch[]): void {
  for (const { pipeline, bindGroup, workgroups } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...workgroups);
  }
}
