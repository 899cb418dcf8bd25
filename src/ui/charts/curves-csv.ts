import { type Metrics as Line, type MetricsColumn, metricsLine } from '../../formats/csv.ts';
import type { Metrics, StepNorms } from '../../worker/messages.ts';
import type { RunHistory } from '../run-history.ts';
import type { Evaluation } from '../view.ts';

const COLUMNS: readonly MetricsColumn[] = [
  'step',
  'loss',
  'lr',
  'grad_norm',
  'tokens_per_s',
  'train_loss',
  'val_loss',
  'accuracy',
];

/** Lines in the order of the steps; those of one step as they come. */
function written(lines: Line[]): string {
  const sorted = lines.sort((a, b) => a.step - b.step);
  return `${COLUMNS.join(',')}\n${sorted.map((line) => metricsLine(line, COLUMNS)).join('')}`;
}

/** A kept run: every step and every evaluation, in full. */
export function curvesCSV({ records, evaluations, speeds }: Metrics): string {
  const speedAt = new Map(speeds.map(({ step, tokens_per_s }) => [step, tokens_per_s]));
  const steps = records.map((record) => ({ ...record, tokens_per_s: speedAt.get(record.step) }));
  return written([...steps, ...evaluations]);
}

/** A run that is not kept: what its curves show. Where they are thinned, a line stands for several steps and has their means. */
export function historyCSV({ loss, lr, gradNorm, speed }: RunHistory, evaluations: readonly Evaluation[]): string {
  const lines = new Map<number, Line>();
  for (const [key, { x, mean }] of Object.entries({ loss, lr, grad_norm: gradNorm, tokens_per_s: speed })) {
    x.forEach((step, i) => {
      lines.set(step, { ...(lines.get(step) ?? { step }), [key]: mean[i] });
    });
  }
  const evaluated = evaluations.map(({ step, train, val, accuracy }) => ({
    step,
    train_loss: train,
    val_loss: val,
    accuracy,
  }));
  return written([...lines.values(), ...evaluated]);
}

/** The norms of every tensor in full, as comma-separated values: a line for each tensor and step. */
export function normsCSV(all: readonly StepNorms[]): string {
  const lines = all.flatMap(({ step, names, grad, update, weight, moved }) =>
    names.map((name, i) => [step, name, grad[i], update[i], weight[i], moved?.[i] ?? ''].join(',')),
  );
  return `${['step,tensor,grad_norm,update_norm,weight_norm,distance_from_start', ...lines].join('\n')}\n`;
}
