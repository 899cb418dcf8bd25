import type { StepNorms, StepRecord } from '../training/trainer.ts';
import type { Choices } from './choices.ts';

export interface Evaluation {
  step: number;
  train_loss: number;
  val_loss: number;
  /** The share of held-out problems answered exactly, where the text is a task. */
  accuracy?: number | undefined;
}

export interface Sample {
  step: number;
  text: string;
  /** How each character was chosen; older runs lack it. */
  choices?: Choices | undefined;
  /** What was counted in it, where its text had been measured by then. */
  counted?: { words: number; known: number; characters: number; lineBreaks: number } | undefined;
}

/** How fast it went about that step. */
export interface Speed {
  step: number;
  tokens_per_s: number;
}

/** What a run has told of itself, in the order of the steps. */
export interface Metrics {
  records: StepRecord[];
  evaluations: Evaluation[];
  samples: Sample[];
  norms: StepNorms[];
  speeds: Speed[];
}

/** Metrics as they are kept: older runs have no norms and no speeds. */
export type KeptMetrics = Omit<Metrics, 'norms' | 'speeds'> & Partial<Metrics>;

/** How far each kind of news goes. */
export interface Reach {
  /** Steps done. */
  step: number;
  /** The steps after which the last evaluation and the last sample were made; -1 before the first. */
  evaluated: number;
  sampled: number;
}

export const noMetrics = (): Metrics => ({ records: [], evaluations: [], samples: [], norms: [], speeds: [] });

/** Metrics of a run that stands at `reach`: what it has told, and what it will tell again when it goes on from there. */
export function divide(
  { records, evaluations, samples, norms, speeds }: Metrics,
  reach: Reach,
): { told: Metrics; rest: Metrics } {
  const { step, evaluated, sampled } = reach;
  return {
    told: {
      records: records.filter((record) => record.step <= step),
      evaluations: evaluations.filter((evaluation) => evaluation.step <= evaluated),
      samples: samples.filter((sample) => sample.step <= sampled),
      norms: norms.filter((taken) => taken.step <= step),
      speeds: speeds.filter((speed) => speed.step <= step),
    },
    rest: {
      records: records.filter((record) => record.step > step),
      evaluations: evaluations.filter((evaluation) => evaluation.step > evaluated),
      samples: samples.filter((sample) => sample.step > sampled),
      norms: norms.filter((taken) => taken.step > step),
      speeds: speeds.filter((speed) => speed.step > step),
    },
  };
}

/** Of entries in the order of their steps, the last of each step: earlier versions noted some speeds twice. */
export function oncePerStep<T extends { step: number }>(entries: readonly T[]): T[] {
  return entries.filter(({ step }, i) => step !== entries[i + 1]?.step);
}

export const isEmpty = (metrics: Metrics): boolean => Object.values(metrics).every(({ length }) => length === 0);

/** Chunks in the order in which they were appended, as one. */
export function joined(chunks: readonly KeptMetrics[]): Metrics {
  return {
    records: chunks.flatMap(({ records }) => records),
    evaluations: chunks.flatMap(({ evaluations }) => evaluations),
    samples: chunks.flatMap(({ samples }) => samples),
    norms: chunks.flatMap(({ norms = [] }) => norms),
    speeds: oncePerStep(chunks.flatMap(({ speeds = [] }) => speeds)),
  };
}
