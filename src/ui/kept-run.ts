import type { KeptRun, Metrics, RunList } from '../worker/messages.ts';
import { RunHistory } from './run-history.ts';
import { thinned } from './samples.ts';
import { type ComparedRun, comparedWith, type RunView, type View } from './view.ts';

/** The curve, the evaluations and the samples that a run has told before, and the step since which it overfits. */
export function told(
  metrics: Metrics | undefined,
  since: number | null = null,
): Pick<RunView, 'history' | 'loss' | 'evaluations' | 'overfittingSince' | 'samples' | 'writing' | 'norms'> {
  const history = new RunHistory();
  for (const record of metrics?.records ?? []) history.append(record);
  for (const { step, tokens_per_s } of metrics?.speeds ?? []) history.speed.append(step, tokens_per_s);
  const evaluations = (metrics?.evaluations ?? []).map(({ step, train_loss, val_loss, accuracy }) => ({
    step,
    train: train_loss,
    val: val_loss,
    accuracy,
  }));
  const loss = metrics?.records.at(-1)?.loss ?? null;
  return {
    history,
    loss,
    evaluations,
    overfittingSince: evaluations.find(({ step }) => step === since) ?? null,
    samples: thinned(metrics?.samples ?? []),
    writing: null,
    norms: metrics?.norms ?? [],
  };
}

/** A kept run, as it was last saved. */
export function shown({
  summary,
  config,
  vocab_size,
  parameters,
  metrics,
  overfitting_since,
  statistics,
}: KeptRun): RunView {
  return {
    ...told(metrics, overfitting_since),
    id: summary.id,
    name: summary.name,
    live: false,
    savedStep: summary.step,
    config,
    vocabulary: vocab_size,
    characters: null,
    statistics: statistics ?? null,
    parameters,
    gpuBytes: Number.NaN,
    dispatches: Number.NaN,
    precision: '',
    textName: summary.text,
    step: summary.step,
    marks: [],
    tokensPerSecond: Number.NaN,
    secondsLeft: Number.NaN,
  };
}

/** The runs laid over the one on show that have been saved further since their curves were read. */
export function outdated(view: View): string[] {
  const steps = new Map(view.runs?.runs.map(({ id, step }) => [id, step]));
  return comparedWith(view).flatMap(({ id, step }) => (steps.has(id) && steps.get(id) !== step ? [id] : []));
}

/** The compared runs that are still there, under their present names. */
export function stillKept(compared: readonly ComparedRun[], { runs }: RunList): readonly ComparedRun[] {
  const names = new Map(runs.map(({ id, name }) => [id, name]));
  if (compared.every(({ id, name }) => names.get(id) === name)) return compared;
  return compared.flatMap((run) => (names.has(run.id) ? [{ ...run, name: names.get(run.id)! }] : []));
}
