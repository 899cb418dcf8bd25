import source from '../../shaders/floor.wgsl?raw';
import { arrived } from './arrival.ts';
import { type Device, guarded } from './device.ts';
import type { Kernel } from './kernel.ts';
import { type RecordedDispatch, replay } from './recording.ts';
import { takeStopwatch } from './stopwatch.ts';

/** How long one timed submit should last: long against what a submit and its completion cost, short for the driver. */
const SAMPLE_MS = 40;
const SAMPLES = 5;
const BRIEF_MS = 1.5;
const BRIEF_REPEATS = 4;
/** A replay is never as quick as to need more. */
const MOST_REPEATS = 2 ** 16;
/** Bytes read and as many written by a copy: beyond every cache of a GPU. */
const COPY_BYTES = 64 * 2 ** 20;
const EMPTY_DISPATCHES = 200;

/** The middle of some numbers; at least one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Milliseconds of one pass that replays `dispatches` `repeats` times: by the GPU's own clock where it has one, and
 * otherwise, or where that clock tells nonsense, from the submit to the completion.
 */
async function timeOnce(device: GPUDevice, dispatches: readonly RecordedDispatch[], repeats: number): Promise<number> {
  const stopwatch = takeStopwatch(device);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(stopwatch?.pass);
  for (let i = 0; i < repeats; i++) {
    replay(pass, dispatches);
  }
  pass.end();
  stopwatch?.stop(encoder);
  const commands = encoder.finish();
  const started = performance.now();
  device.queue.submit([commands]);
  await arrived(device, device.queue.onSubmittedWorkDone());
  const elapsed = performance.now() - started;
  const ms = await stopwatch?.read();
  return ms !== undefined && ms > 0 && ms <= elapsed ? ms : elapsed;
}

/**
 * Milliseconds of one replay of `dispatches`, the median of five samples, each of as many replays in one pass as last
 * about 40 ms: against that, what a submit costs is little where there is no timestamp query, and the 100 us to which
 * Chrome rounds one are little where there is.
 */
export async function timeDispatches(device: Device, dispatches: readonly RecordedDispatch[]): Promise<number> {
  let repeats = 1;
  // The first run warms up, and tells of an invalid dispatch before it is repeated.
  let ms = await guarded(device.gpu, 'timing', () => timeOnce(device.gpu, dispatches, 1));
  while (repeats < MOST_REPEATS) {
    ms = await timeOnce(device.gpu, dispatches, repeats);
    if (ms >= SAMPLE_MS / 2) {
      break;
    }
    repeats = Math.ceil(repeats * Math.min(16, Math.max(2, SAMPLE_MS / ms)));
  }
  const samples = [ms];
  while (samples.length < SAMPLES) {
    samples.push(await timeOnce(device.gpu, dispatches, repeats));
  }
  return median(samples) / repeats;
}

/**
 * Milliseconds of one replay of each of some lists of dispatches, by which the quicker ones are told in a few milliseconds
 * each: the better of two samples, each as many replays in one pass as last about 1.5 ms.
 */
export async function compareDispatches(
  device: Device,
  lists: readonly (readonly RecordedDispatch[])[],
): Promise<number[]> {
  const times: number[] = [];
  await guarded(device.gpu, 'tuning', () => timeOnce(device.gpu, lists.flat(), 1)); // warms up
  for (const dispatches of lists) {
    const first = (await timeOnce(device.gpu, dispatches, BRIEF_REPEATS)) / BRIEF_REPEATS;
    const repeats = Math.min(256, Math.ceil(BRIEF_MS / first));
    const again = repeats > BRIEF_REPEATS ? (await timeOnce(device.gpu, dispatches, repeats)) / repeats : first;
    times.push(Math.min(first, again));
  }
  return times;
}

async function record(
  device: Device,
  kernel: Kernel,
  buffers: Record<string, GPUBuffer>,
  workgroups: number,
): Promise<RecordedDispatch> {
  const names = Object.keys(buffers);
  const { pipeline, layout, declarations } = await device.pipelines.get(kernel, names);
  const entries = names.map((name) => ({
    binding: declarations.get(name)!.binding,
    resource: { buffer: buffers[name]! },
  }));
  const bindGroup = await guarded(device.gpu, kernel.entry, () =>
    device.gpu.createBindGroup({ label: kernel.entry, layout, entries }),
  );
  return { label: kernel.entry, pipeline, bindGroup, workgroups: [workgroups, 1, 1] };
}

/** Bytes read plus bytes written in a millisecond by a copy between two buffers: the best of three ways to share it out. */
export async function measureCopy(device: Device): Promise<number> {
  const size = Math.min(COPY_BYTES, device.gpu.limits.maxStorageBufferBindingSize, device.gpu.limits.maxBufferSize);
  const create = (label: string) =>
    guarded(device.gpu, label, () => device.gpu.createBuffer({ label, size, usage: GPUBufferUsage.STORAGE }));
  const from = await create('copied from');
  const to = await create('copied to');
  try {
    let best = Number.POSITIVE_INFINITY;
    for (const PER_THREAD of [1, 4, 16]) {
      const constants = { PER_THREAD };
      const dispatch = await record(
        device,
        { source, entry: 'copy', constants },
        { original: from, duplicate: to },
        size / (16 * 256 * PER_THREAD),
      );
      best = Math.min(best, await timeDispatches(device, [dispatch]));
    }
    return (2 * size) / best;
  } finally {
    from.destroy();
    to.destroy();
  }
}

/** Milliseconds that a dispatch costs which does next to nothing, in a row of such that each depend on the last. */
export async function measureEmptyDispatch(device: Device): Promise<number> {
  const counter = device.gpu.createBuffer({ label: 'counter', size: 16, usage: GPUBufferUsage.STORAGE });
  try {
    const kernel = { source, entry: 'touch', constants: { PER_THREAD: 1 } };
    const dispatch = await record(device, kernel, { counter }, 1);
    const row = Array.from({ length: EMPTY_DISPATCHES }, () => dispatch);
    return (await timeDispatches(device, row)) / EMPTY_DISPATCHES;
  } finally {
    counter.destroy();
  }
}
