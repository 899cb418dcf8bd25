/** A line of a run's history: a step, or an evaluation after `step` steps. Losses in nats. */
export interface Metrics {
  step: number;
  loss?: number | undefined;
  lr?: number | undefined;
  grad_norm?: number | undefined;
  train_loss?: number | undefined;
  val_loss?: number | undefined;
  accuracy?: number | undefined;
  tokens_per_s?: number | undefined;
}

export type MetricsColumn = keyof Metrics;

const COLUMNS: readonly MetricsColumn[] = ['step', 'loss', 'lr', 'grad_norm', 'train_loss', 'val_loss'];

/** The first line of a history as comma-separated values (RFC 4180, with line feeds). */
export const METRICS_HEADER = `${COLUMNS.join(',')}\n`;

/** One line: numbers in full, so that they read back as they were; nothing where there is none. */
export function metricsLine(metrics: Metrics, columns = COLUMNS): string {
  return `${columns.map((column) => metrics[column] ?? '').join(',')}\n`;
}
