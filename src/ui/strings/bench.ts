import type { PresetName } from '../../model/config.ts';
import { bytes, count, rate } from '../format.ts';

/** Words of the benchmark, which stands behind a link at the foot of the page. */
export const BENCH = {
  heading: 'How fast this adapter trains',
  about:
    'Times a training step of each configuration, beside its floor: the least that the step could take by this adapter’s own arithmetic, bandwidth and launches, measured just before and after. The nearer the ratio is to 1, the less is wasted.',
  busy: 'A run is going on. Pause it to measure.',
  precision: 'Precision',
  precisions: { f32: '32 bits (f32)', f16: '16 bits (f16)' },
  profile: 'Time each kernel, too',
  start: 'Measure',
  stop: 'End the measurement',
  measuring: (config: PresetName, done: number, total: number) => `Measuring ${config}, ${done + 1} of ${total} …`,
  leftOut: (config: PresetName, seconds: string) => `${config}: left out, a step takes ${seconds} s here at least.`,
  copyJson: 'Copy as JSON',
  copyMarkdown: 'Copy as Markdown',
  copied: 'Copied.',
  notCopied: 'This browser does not let the page copy.',
  columns: [
    'Configuration',
    'ms a step',
    'Floor, ms',
    'Times the floor',
    'Tokens/s',
    'Dispatches',
    'Submits',
    'GPU memory',
  ],
  bytes,
  count,
  rate,
  kernelColumns: ['Kernel', 'Times', 'ms', 'Share', 'GFLOP/s', 'GB/s', 'Of its floor'],
  kernels: (config: PresetName) => `Kernels of ${config}`,
  percent: (share: number) => `${(100 * share).toFixed(1)} %`,
};
