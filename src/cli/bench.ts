import type { Device } from '../gpu/device.ts';
import type { KernelTraits } from '../graph/graph.ts';
import { type GPTConfig, PRESET_NAMES, type PresetName, preset, type TrainingConfig } from '../model/config.ts';
import {
  floorOf,
  measureRates,
  type Rates,
  randomCorpus,
  timeTraining,
  traceBenchmark,
  traceWith,
} from '../training/bench.ts';
import { type Computation, chooseComputation } from '../training/computation.ts';
import { type ProfileRow, profile } from '../training/profile.ts';
import { stepWork, type Work } from '../training/work.ts';
import { readFlags, UsageError } from './arguments.ts';
import { benchGeneration } from './bench-generation.ts';
import { adapterName, openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { precisionOf, TUNING_FLAGS, tuningOf } from './tuning.ts';

const FLAGS = {
  config: 'text',
  steps: 'count',
  profile: 'switch',
  generate: 'switch',
  ...TUNING_FLAGS,
  json: 'switch',
} as const;

const VOCABULARY = 65;

/** Unless asked for, a configuration whose step must take longer than this is left out. */
const SLOW_STEP_MS = 10_000;

/** `bench`: times a training step of each configuration, beside the least that it can take on this adapter. */
export async function bench(argv: string[]): Promise<boolean> {
  const { flags } = readFlags('bench', argv, FLAGS, false);
  const { config = 'those that are quick', steps } = flags;
  if (flags.config !== undefined && flags.config !== 'all' && !PRESET_NAMES.includes(flags.config as PresetName)) {
    throw new UsageError(
      `bench: there is no configuration “${config}”.`,
      `Take one of ${PRESET_NAMES.join(', ')} or all.`,
    );
  }
  if (steps !== undefined && steps < 1) {
    throw new UsageError(`bench: --steps must be at least 1, not ${steps}.`, 'Leave it out to let the time decide.');
  }
  const wanted = precisionOf('bench', flags);
  const output = new Output(flags.json === true);
  const device = await openDeviceInNode(output, { experimental: wanted !== 'f32' });
  try {
    const names = PRESET_NAMES.filter((name) => flags.config === name || !flags.config || flags.config === 'all');
    if (flags.generate) {
      await benchGeneration(device, output, names, VOCABULARY);
      return true;
    }
    const corpus = randomCorpus(VOCABULARY);
    for (const name of names) {
      const { model: shape, training } = preset(name);
      const model = { ...shape, vocab_size: VOCABULARY };
      const tuning = tuningOf(flags, device);
      const traced = (traits: KernelTraits) => traceWith(traits, model, training);
      const computation = await chooseComputation(device, traced, { wanted, tuning });
      if (computation.note) output.remark(computation.note);
      const rates = await measureRates(device, computation.precision);
      const graph = traceBenchmark(device, model, training, computation);
      const work = stepWork(graph, model, training.batch_size);
      const floor = floorOf(work, graph.dispatches.length, rates);
      if (!flags.config && floor.ms > SLOW_STEP_MS) {
        output.remark(
          `${name} is left out: its step cannot take less than ${(floor.ms / 1000).toFixed(0)} s here. --config ${name} runs it.`,
        );
        continue;
      }
      const reached = await benchOne(device, output, {
        name,
        model,
        training,
        corpus,
        work,
        rates,
        computation,
        steps,
      });
      if (flags.profile) {
        report(output, name, await profile(device, model, training, corpus, reached, computation));
      }
    }
    return true;
  } finally {
    device.gpu.destroy();
  }
}

interface Case {
  name: PresetName;
  model: GPTConfig;
  training: TrainingConfig;
  corpus: Uint32Array;
  work: Work;
  /** Measured just before. */
  rates: Rates;
  computation: Computation;
  steps: number | undefined;
}

/** Resolves with the rates that the floor was taken from: measured on both sides of the step, the better ones. */
async function benchOne(device: Device, output: Output, one: Case): Promise<Rates> {
  const { name, model, training } = one;
  const timing = await timeTraining(device, model, training, one.corpus, one.computation, one.steps);
  const { ms_per_step, dispatches_per_step, submits_per_step, parameters, gpu_bytes } = timing;
  const tokens_per_s = Math.round((training.batch_size * model.block_size * 1000) / ms_per_step);
  const rates = better(one.rates, await measureRates(device, one.computation.precision));
  const { ms: floor_ms, ...parts } = floorOf(one.work, dispatches_per_step, rates);
  output.result(
    {
      config: name,
      adapter: adapterName(device),
      parameters,
      ms_per_step,
      tokens_per_s,
      floor_ms,
      floor: parts,
      dispatches_per_step,
      submits_per_step,
      gpu_bytes,
      dropout: 0,
      precision: one.computation.precision,
    },
    [
      `${name}: ${figure(ms_per_step)} ms a step, ${tokens_per_s.toLocaleString('en-US')} tokens/s; ${(ms_per_step / floor_ms).toFixed(2)} x the floor of ${figure(floor_ms)} ms`,
      `  floor: arithmetic ${figure(parts.arithmetic_ms)} ms at ${figure(rates.flops / 1e6)} GFLOP/s, bytes ${figure(parts.bytes_ms)} ms at ${figure(rates.bytes / 1e6)} GB/s, dispatches ${figure(parts.dispatch_ms)} ms at ${figure(1000 * rates.dispatch)} us`,
      `  ${dispatches_per_step} dispatches and ${figure(submits_per_step)} submits a step; ${parameters.toLocaleString('en-US')} parameters, ${(gpu_bytes / 2 ** 20).toFixed(1)} MiB on the GPU`,
      `  median of ${timing.batches} batches, on ${adapterName(device)}, products of ${one.computation.precision}, without dropout`,
    ].join('\n'),
  );
  return rates;
}

/** A rate is what an adapter can reach: what else the machine did while one was measured must not lower it. */
function better(a: Rates, b: Rates): Rates {
  return {
    flops: Math.max(a.flops, b.flops),
    bytes: Math.max(a.bytes, b.bytes),
    dispatch: Math.min(a.dispatch, b.dispatch),
  };
}

/** Three digits, whatever the size. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** The table by kernel; a line of JSON for each. */
function report(output: Output, config: PresetName, rows: ProfileRow[]): void {
  const width = Math.max(...rows.map(({ kernel }) => kernel.length));
  const columns = ['x', 'ms', 'share', 'GFLOP/s', 'GB/s', 'of floor'].map((name) => name.padStart(9));
  output.stream(`${'kernel'.padEnd(width)}${columns.join('')}\n`);
  for (const row of rows) {
    const cells = [
      `${row.count}`,
      row.ms.toFixed(3),
      `${(100 * row.share).toFixed(1)} %`,
      row.gflops ? row.gflops.toFixed(2) : '',
      row.gbytes.toFixed(2),
      `${(100 * row.of_floor).toFixed(0)} %`,
    ];
    output.result({ config, ...row }, `${row.kernel.padEnd(width)}${cells.map((cell) => cell.padStart(9)).join('')}`);
  }
  const total = rows.reduce((sum, { ms }) => sum + ms, 0);
  output.stream(`${'all, each by itself'.padEnd(width)}${total.toFixed(3).padStart(18)}\n`);
}
