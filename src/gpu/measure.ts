import source from '../../shaders/floor.wgsl?raw';
import { arrived, isTardy } from './arrival.ts';
import { type Device, guarded } from './device.ts';
import type { Kernel } from './kernel.ts';
import { type RecordedDispatch, replay } from './recording.ts';
import { takeStopwatch } from './stopwatch.ts';

/** How long one timed submit should last: long against what a submit and its completion cost, short for the driver. */
const SAMPLE_MS = 40;
const SAMPLES = 5;
/** A replay that takes so long is timed by itself: beside it, a submit and what a clock is rounded to are little. */
const LONG_MS = { clock: 5, elapsed: 25 };
/** So few replays are timed as they are: they are long ones, and what is taken off would be as uncertain as what is left. */
const FEW_REPEATS = 8;
/**
 * By how much the repeats of a brief timing must take longer than one replay. Chrome's GPU clock moves in steps of 65 us; where
 * there is none, submits differ by a millisecond, and where the browser is tardy (see arrival.ts) by the 4 ms between two looks.
 */
const BRIEF_MS = { clock: 1.5, elapsed: 4, tardy: 12 };
const MOST_BRIEF_REPEATS = 4096;
/** The least that the clock can be trusted to have missed. */
const CLOCK_STEP_MS = 0.07;
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

/** What one pass took, in milliseconds: by the GPU's own clock, where it has one, and from the submit to the completion. */
export interface Reading {
  clock: number | undefined;
  elapsed: number;
}

/** A clock that has told nothing for so long stands still. */
const STUCK_MS = 20;

/** Times one pass that replays `dispatches` `repeats` times. A clock that tells nonsense is none. */
async function timeOnce(device: GPUDevice, dispatches: readonly RecordedDispatch[], repeats: number): Promise<Reading> {
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
  const sound = ms !== undefined && ms >= 0 && ms <= elapsed + CLOCK_STEP_MS && (ms > 0 || elapsed < STUCK_MS);
  return { clock: sound ? ms : undefined, elapsed };
}

/** By the better of a reading's clocks. */
const told = ({ clock, elapsed }: Reading): number => clock ?? elapsed;

/** The better of the clocks that all of some readings have. */
const common = (...readings: Reading[]) =>
  readings.every(({ clock }) => clock !== undefined) ? 'clock' : ('elapsed' as const);

/** How much longer one pass took than another: without what a submit costs, whichever clock there is. */
function difference(long: Reading, short: Reading): number {
  const clock = common(long, short);
  return long[clock]! - short[clock]!;
}

/**
 * Milliseconds of one replay of `dispatches`, the median of five samples, each of as many replays in one pass as last
 * about 40 ms: against that, what a clock is rounded to is little. What a submit costs is taken off.
 */
export async function timeDispatches(device: Device, dispatches: readonly RecordedDispatch[]): Promise<number> {
  let repeats = 1;
  // The first run warms up, and tells of an invalid dispatch before it is repeated.
  await guarded(device.gpu, 'timing', () => timeOnce(device.gpu, dispatches, 1));
  const short = await timeOnce(device.gpu, dispatches, 1);
  let long = short;
  while (told(long) < SAMPLE_MS / 2 && repeats < MOST_REPEATS) {
    repeats = Math.ceil(repeats * Math.min(16, Math.max(2, SAMPLE_MS / told(long))));
    long = await timeOnce(device.gpu, dispatches, repeats);
  }
  const perReplay = (reading: Reading) =>
    repeats > FEW_REPEATS ? difference(reading, short) / (repeats - 1) : told(reading) / repeats;
  const samples = [perReplay(long)];
  while (samples.length < SAMPLES) {
    samples.push(perReplay(await timeOnce(device.gpu, dispatches, repeats)));
  }
  return median(samples);
}

/**
 * Milliseconds of one replay, told in a few milliseconds: by the better of two samples, each of as many replays as a clock needs,
 * less the better of two of a single one. `time` takes a sample of so many replays; `guess`, of a replay, saves looking for how
 * many; `tardy`: whether the browser is. One replay is all that a slow one is asked for.
 */
export async function timeBriefly(
  time: (repeats: number) => Promise<Reading>,
  guess: number,
  tardy = false,
): Promise<number> {
  let short = await time(1);
  // Both samples of many replays have this one taken off, so that one which was disturbed would make all seem quicker.
  const again = await time(1);
  if (difference(again, short) < 0) short = again;
  if (told(short) >= LONG_MS[common(short)]) return told(short);
  const enoughBy = (clock: 'clock' | 'elapsed') => BRIEF_MS[clock === 'elapsed' && tardy ? 'tardy' : clock];
  // no more than 20 ms of replays as slow as the first may have been, whatever was guessed
  const most = SAMPLE_MS / 2 / Math.max(told(short), CLOCK_STEP_MS);
  let repeats = Math.ceil(Math.max(4, Math.min((1.5 * enoughBy(common(short))) / guess, most)));
  for (;;) {
    const long = await time(1 + repeats);
    const ms = difference(long, short);
    const enough = enoughBy(common(long, short)); // a clock may have told nonsense this once
    if (ms >= enough || repeats >= MOST_BRIEF_REPEATS) {
      const second = difference(await time(1 + repeats), short);
      return (second > 0 ? Math.min(ms, second) : ms) / repeats;
    }
    const growth = Math.min(16, Math.max(2, (1.5 * enough) / Math.max(ms, CLOCK_STEP_MS)));
    repeats = Math.min(MOST_BRIEF_REPEATS, Math.ceil(growth * repeats));
  }
}

/**
 * What each of some things takes, by `time`, which may be told what it took before: from the first to the last and back again. A
 * GPU that has rested becomes quicker all the while, and else the last would seem quickest.
 */
export async function thereAndBack(
  count: number,
  time: (index: number, before?: number) => Promise<number>,
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) times.push(await time(i));
  for (let i = count - 1; i >= 0; i--) times[i] = (times[i]! + (await time(i, times[i]!))) / 2;
  return times;
}

/** Milliseconds of one replay of each of some lists of dispatches, by which the quicker ones are told. `guesses` of them, as `timeBriefly`'s. */
export async function compareDispatches(
  device: Device,
  lists: readonly (readonly RecordedDispatch[])[],
  guesses: readonly number[] = [],
): Promise<number[]> {
  const sample = (index: number) => (repeats: number) => timeOnce(device.gpu, lists[index]!, repeats);
  for (const index of lists.keys()) await guarded(device.gpu, 'tuning', () => sample(index)(1)); // warms up
  const time = (index: number, before = 0) =>
    timeBriefly(sample(index), before > 0 ? before : (guesses[index] ?? 1), isTardy(device.gpu));
  if (!device.software && lists.length > 1) return await thereAndBack(lists.length, time);
  const times: number[] = []; // a processor is awake
  for (const index of lists.keys()) times.push(await time(index));
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
