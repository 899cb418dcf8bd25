import { OPTIMIZERS, PRESET_NAMES, type PresetName } from '../model/config.ts';
import { BENCH_VOCABULARY, type Benchmark, benchmark } from '../training/benchmark.ts';
import type { ProfileRow } from '../training/profile.ts';
import { readFlags, UsageError } from './arguments.ts';
import { benchCurve } from './bench-curve.ts';
import { benchGeneration } from './bench-generation.ts';
import { adapterName, openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { precisionOf, requireOneTuning, TUNING_FLAGS, tuningOf } from './tuning.ts';

const FLAGS = {
  config: 'text',
  steps: 'count',
  optimizer: 'text',
  profile: 'switch',
  generate: 'switch',
  curve: 'switch',
  ...TUNING_FLAGS,
  json: 'switch',
} as const;

/** Unless asked for, a configuration whose step must take longer than this is left out. */
const SLOW_STEP_MS = 10_000;

/** What has no effect on what else can be measured. */
const NOT_WITH = {
  generate: ['curve', 'steps', 'optimizer', 'profile', 'precision', 'tune', 'no-tune'],
  curve: ['optimizer', 'profile', 'tune', 'no-tune'],
} as const;

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
  const optimizer = OPTIMIZERS.find((name) => name === flags.optimizer);
  if (flags.optimizer !== undefined && !optimizer) {
    throw new UsageError(
      `bench: there is no optimizer “${flags.optimizer}”.`,
      `Take one of ${OPTIMIZERS.join(', ')}, or leave it out for that of the configuration.`,
    );
  }
  if (steps !== undefined && steps < 1) {
    throw new UsageError(`bench: --steps must be at least 1, not ${steps}.`, 'Leave it out to let the time decide.');
  }
  const mode = flags.generate ? 'generate' : flags.curve ? 'curve' : undefined;
  const idle = (mode && NOT_WITH[mode].filter((name) => flags[name] !== undefined)) ?? [];
  if (idle.length > 0) {
    const names = idle.map((name) => `--${name}`).join(' and ');
    throw new UsageError(`bench: --${mode} does nothing with ${names}.`, 'Leave one of them out.');
  }
  requireOneTuning('bench', flags);
  const wanted = precisionOf('bench', flags);
  const output = new Output(flags.json === true);
  const device = await openDeviceInNode(output, { experimental: wanted !== 'f32' });
  try {
    const names = PRESET_NAMES.filter((name) => flags.config === name || !flags.config || flags.config === 'all');
    if (flags.generate) {
      await benchGeneration(device, output, names, BENCH_VOCABULARY);
      return true;
    }
    if (flags.curve) {
      const quick = flags.config ? names : (['tiny'] as const);
      return await benchCurve(device, output, { names: quick, precision: wanted, steps });
    }
    for (const name of names) {
      const done = await benchmark(device, name, {
        precision: wanted,
        tuning: tuningOf(flags, device),
        steps,
        optimizer,
        profile: flags.profile,
        ...(!flags.config && { patience_ms: SLOW_STEP_MS }),
      });
      if ('floor_ms' in done) {
        output.remark(
          `${name} is left out: its step cannot take less than ${(done.floor_ms / 1000).toFixed(0)} s here. --config ${name} runs it.`,
        );
        continue;
      }
      tell(output, done, adapterName(device));
      if (flags.profile) report(output, name, done.kernels);
    }
    return true;
  } finally {
    device.gpu.destroy();
  }
}

function tell(output: Output, { result, rates, batches, note }: Benchmark, adapter: string): void {
  const { config, ...rest } = result;
  const { ms_per_step, tokens_per_s, floor_ms, floor } = rest;
  if (note) output.remark(note);
  output.result(
    { config, adapter, ...rest },
    [
      `${config}: ${figure(ms_per_step)} ms a step, ${tokens_per_s.toLocaleString('en-US')} tokens/s; ${(ms_per_step / floor_ms).toFixed(2)} x the floor of ${figure(floor_ms)} ms`,
      `  floor: arithmetic ${figure(floor.arithmetic_ms)} ms at ${figure(rates.flops / 1e6)} GFLOP/s, bytes ${figure(floor.bytes_ms)} ms at ${figure(rates.bytes / 1e6)} GB/s, dispatches ${figure(floor.dispatch_ms)} ms at ${figure(1000 * rates.dispatch)} us`,
      `  ${rest.dispatches_per_step} dispatches and ${figure(rest.submits_per_step)} submits a step; ${rest.parameters.toLocaleString('en-US')} parameters, ${(rest.gpu_bytes / 2 ** 20).toFixed(1)} MiB on the GPU`,
      `  median of ${batches} batches, on ${adapter}, products of ${rest.precision}, ${rest.optimizer}, ${rest.dropout > 0 ? `dropout ${rest.dropout}` : 'without dropout'}`,
    ].join('\n'),
  );
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
