import { type GPTConfig, type OptimizerName, preset, tokensPerStep } from '../../../model/config.ts';
import { PUBLISHED, type PublishedName, WORKED } from '../../../model/published.ts';
import { PARAMETERS } from '../../strings/parameters.ts';
import { chosenConfig, type View } from '../../view.ts';

/** What is counted: the configuration form, the run on show, a published model, a worked example, or one's own numbers. */
export type SubjectName = 'form' | 'run' | 'own' | keyof typeof WORKED | PublishedName;

/** The numbers that a count depends on. */
export interface Sizes extends GPTConfig {
  optimizer: OptimizerName;
  /** Of `sgd`: without it there is no moment. */
  momentum: number;
}

export interface Subject {
  name: SubjectName;
  sizes: Sizes;
  /** Tokens that its training sees: those of the run, or those that were published. */
  tokens: number | null;
}

export const isPublished = (name: SubjectName): name is PublishedName => name in PUBLISHED;

const DEFAULTS = preset('tiny').training;

/** Counts what is named; `own` are the numbers last entered by hand. What is not there falls back to the form. */
export function subjectOf(name: SubjectName, view: View, own: Sizes | null): Subject {
  const { optimizer, momentum } = DEFAULTS;
  if (isPublished(name)) {
    const { config, tokens } = PUBLISHED[name];
    return { name, sizes: { ...config, optimizer, momentum }, tokens };
  }
  if (name === 'tied' || name === 'untied') {
    return { name, sizes: { ...WORKED[name], optimizer, momentum }, tokens: null };
  }
  if (name === 'own' && own !== null) return { name, sizes: own, tokens: null };
  const { run, text } = view;
  const shown = name === 'run' ? run : null;
  const config = shown?.config ?? chosenConfig(view);
  const { model, training } = config;
  const vocab_size = shown?.vocabulary ?? text?.vocab_size ?? run?.vocabulary ?? 1;
  return {
    name: shown ? 'run' : 'form',
    sizes: { ...model, vocab_size, optimizer: training.optimizer, momentum: training.momentum },
    tokens: training.max_iters * tokensPerStep(config),
  };
}

/** The numbers that are entered; all of them are whole. */
export const FIELDS = ['vocab_size', 'block_size', 'n_layer', 'n_head', 'n_embd', 'n_inner'] as const;

/** What is wrong with numbers that are only to be counted with, in a sentence, or null. They may be of any size. */
export function fault(sizes: Sizes): string | null {
  for (const field of FIELDS) {
    const value = sizes[field];
    if (!Number.isSafeInteger(value) || value < 1) return PARAMETERS.whole(PARAMETERS.fields[field]);
  }
  const { n_embd, n_head } = sizes;
  return n_embd % n_head === 0 ? null : PARAMETERS.divisible(n_embd, n_head);
}
