import type { SessionEvent } from '../worker/messages.ts';
import type { Choices, Generation, RunView, Sample } from './view.ts';

type Told<K extends SessionEvent['kind']> = Extract<SessionEvent, { kind: K }>;

/** Samples of a run that the page holds; a run of a million steps writes thousands. */
export const MOST_SAMPLES = 400;

/** Numbers of each character in `Choices`; see src/storage/choices.ts. */
export const SHARES = 7;
export const LIKELIEST = 5;
export const END = 0xffff;
const ONE = 65535;

/**
 * At most `most` samples: the first and the last always, and of the others those that lie evenly over the square root of
 * the step, since writing changes fastest at first.
 */
export function thinned(samples: readonly Sample[], most = MOST_SAMPLES): readonly Sample[] {
  if (samples.length <= most) return samples;
  const left = [...samples];
  const place = (i: number) => Math.sqrt(left[i]!.step);
  while (left.length > most) {
    let least = 1;
    for (let i = 2; i < left.length - 1; i++) {
      if (place(i + 1) - place(i - 1) < place(least + 1) - place(least - 1)) least = i;
    }
    left.splice(least, 1);
  }
  return left;
}

/** The sample on show: that of a step, or the nearest one before it; the newest for null. */
export function sampleAt(samples: readonly Sample[], step: number | null): Sample | undefined {
  if (step === null) return samples.at(-1);
  return samples.findLast((sample) => sample.step <= step) ?? samples[0];
}

/** The choices of two texts of which one follows the other. */
export function joinChoices(a: Choices | null, b: Choices): Choices {
  if (a === null || a.shares.length === 0) return b;
  const shares = new Uint16Array(a.shares.length + b.shares.length);
  shares.set(a.shares);
  shares.set(b.shares, a.shares.length);
  const wide = a.likeliest instanceof Uint32Array || b.likeliest instanceof Uint32Array;
  const likeliest = new (wide ? Uint32Array : Uint16Array)(a.likeliest.length + b.likeliest.length);
  likeliest.set(a.likeliest);
  likeliest.set(b.likeliest, a.likeliest.length);
  return { shares, likeliest };
}

/** The choices of the first `length` characters. */
export function firstChoices({ shares, likeliest }: Choices, length: number): Choices {
  return { shares: shares.slice(0, SHARES * length), likeliest: likeliest.slice(0, LIKELIEST * length) };
}

/** Whether there is a choice for each of so many characters. */
export const covers = (choices: Choices | null | undefined, length: number): choices is Choices =>
  choices !== null && choices !== undefined && choices.shares.length === SHARES * length;

/** A character that could have stood at a place; null for the end of the text. */
export interface Alternative {
  character: string | null;
  probability: number;
}

/** How a character was chosen: see `Choice` of the engine. */
export interface CharacterChoice {
  probability: number;
  drawnWith: number;
  likeliest: Alternative[];
}

export function choiceAt({ shares, likeliest }: Choices, index: number): CharacterChoice {
  const share = (i: number) => shares[SHARES * index + i]! / ONE;
  const others = Array.from({ length: LIKELIEST }, (_, i) => {
    const code = likeliest[LIKELIEST * index + i]!;
    return { character: code === END ? null : String.fromCodePoint(code), probability: share(2 + i) };
  });
  return { probability: share(0), drawnWith: share(1), likeliest: others.filter(({ probability }) => probability > 0) };
}

/** Lowest probabilities of the levels by which characters are marked, the likeliest first; the last has none. */
export const LEVELS = [0.5, 0.2, 0.05, 0.01] as const;

/** The level of a character: 0 for a likely one up to 4 for one that was hardly to be expected. */
export function levelAt({ shares }: Choices, index: number): number {
  const probability = shares[SHARES * index]! / ONE;
  const level = LEVELS.findIndex((least) => probability >= least);
  return level < 0 ? LEVELS.length : level;
}

/** The text up to character `index`, and another character there: what a model can go on from. */
export function branch(
  text: string,
  choices: Choices,
  index: number,
  character: string,
): { text: string; choices: Choices } {
  const kept = Array.from(text).slice(0, index).join('');
  const own = firstChoices(choices, index + 1);
  const other = choiceAt(choices, index).likeliest.find((one) => one.character === character);
  // how a character is drawn that a person has chosen says nothing: what the model thought of it does
  const share = Math.round(ONE * (other?.probability ?? 0));
  own.shares[SHARES * index] = share;
  own.shares[SHARES * index + 1] = share;
  return { text: kept + character, choices: own };
}

/** A run with one sample more. */
export function withSample(run: RunView, { kind: _, ...sample }: Told<'sample'>): RunView {
  return { ...run, samples: thinned([...run.samples, sample]), writing: null };
}

/** A run with more of the sample that is being written. */
export function withPiece(run: RunView, { step, text, choices }: Told<'sampling'>): RunView {
  const before = run.writing?.step === step ? run.writing : null;
  const joined = joinChoices(before?.choices ?? null, choices);
  return { ...run, writing: { step, text: (before?.text ?? '') + text, choices: joined } };
}

/** A text with more of what was asked for. */
export function withGenerated(generation: Generation, { text, choices, done }: Told<'generated'>): Generation {
  const joined = joinChoices(generation.choices, choices);
  return { ...generation, text: generation.text + text, choices: joined, busy: !done };
}
