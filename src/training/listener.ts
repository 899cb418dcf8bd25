import type { StepNorms } from './statistics.ts';

/** One optimizer step: the loss is the mean over the batch, in nats, before that step's update. */
export interface StepRecord {
  /** Steps done after this one: the first is 1. */
  step: number;
  loss: number;
  grad_norm: number;
  lr: number;
}

/** What a run tells while it goes. Each may return a promise; the run waits for it. */
export interface TrainerListener {
  steps?(records: StepRecord[]): void;
  /**
   * Mean losses over fixed windows of the two splits, with the weights after `step` steps. `improved`: no evaluation
   * of the run had a lower validation loss. `accuracy`: the share of the held-out problems that are answered exactly,
   * where the text is a task. The trainer may be asked for a snapshot meanwhile.
   */
  evaluated?(
    step: number,
    train_loss: number,
    val_loss: number,
    improved: boolean,
    accuracy?: number,
  ): void | Promise<void>;
  /** Norms of each tensor in some of the steps, after these have been told; without it none are taken. */
  norms?(norms: StepNorms): void;
  /** Called every `sample_interval` steps, between submits. */
  sampleDue?(step: number): Promise<void>;
}
