import type { BenchReport } from '../../worker/benchmarking.ts';
import { BENCH } from '../strings/bench.ts';

/** Three digits, whatever the size. */
const figure = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** A configuration as a row of text, in the order of `BENCH.columns`. */
export function benchRow({ result }: BenchReport): string[] {
  return [
    result.config,
    figure(result.ms_per_step),
    figure(result.floor_ms),
    (result.ms_per_step / result.floor_ms).toFixed(2),
    BENCH.count(result.tokens_per_s),
    BENCH.count(result.dispatches_per_step),
    figure(result.submits_per_step),
    BENCH.bytes(result.gpu_bytes),
  ];
}

/** A kernel as a row of text, in the order of `BENCH.kernelColumns`. */
export function kernelRow(row: BenchReport['kernels'][number]): string[] {
  return [
    row.kernel,
    BENCH.count(row.count),
    row.ms.toFixed(3),
    BENCH.percent(row.share),
    row.gflops > 0 ? row.gflops.toFixed(2) : '',
    row.gbytes.toFixed(2),
    BENCH.percent(row.of_floor),
  ];
}

/** What the command line prints with `--json`: a line for each configuration and for each of its kernels. */
export function benchJson(reports: readonly BenchReport[], adapter: string): string {
  const lines = reports.flatMap(({ result: { config, ...rest }, kernels }) => [
    { config, adapter, ...rest },
    ...kernels.map((row) => ({ config, ...row })),
  ]);
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** The tables for a document. */
export function benchMarkdown(reports: readonly BenchReport[], adapter: string): string {
  const table = (columns: readonly string[], rows: readonly (readonly string[])[]) =>
    [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const kernels = reports
    .filter((report) => report.kernels.length > 0)
    .map(
      ({ result, kernels }) =>
        `${BENCH.kernels(result.config)}\n\n${table(BENCH.kernelColumns, kernels.map(kernelRow))}`,
    );
  return `${[adapter, table(BENCH.columns, reports.map(benchRow)), ...kernels].join('\n\n')}\n`;
}
