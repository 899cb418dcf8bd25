import { type TrainingConfig, withSteps } from '../model/config.ts';
import type { RunRecord } from '../storage/database.ts';
import { isDatasetName } from '../text/datasets.ts';
import type { ForkChange, RunSummary } from './messages.ts';

/** The training of a fork. */
export function withChange(training: TrainingConfig, { steps, learning_rate }: ForkChange): TrainingConfig {
  const longer = steps === undefined ? training : withSteps(training, steps);
  return learning_rate === undefined ? longer : { ...longer, learning_rate, min_lr: learning_rate / 10 };
}

/** A kept run as a list shows it. `held`: ids of those that a tab has in hand; `own`: the one that this tab has. */
export function summaryOf(record: RunRecord, held: ReadonlySet<string>, own: string | undefined): RunSummary {
  const { id, name, text, created, saved, state, step, config, val_loss, fork, best, corpus } = record;
  const { dataset } = corpus;
  const open = id === own ? 'here' : held.has(id) ? 'elsewhere' : null;
  const active = state === 'running' || state === 'paused';
  return {
    id,
    name,
    text: text.name,
    created,
    saved,
    step,
    steps: config.training.max_iters,
    val_loss,
    state: active && open === null ? 'interrupted' : state,
    open,
    fork,
    best,
    config,
    origin: {
      dataset: dataset !== null && isDatasetName(dataset) ? dataset : null,
      sha256: text.sha256,
      begun: record.begun ?? 'seed',
      computed: record.computed ?? null,
    },
  };
}
