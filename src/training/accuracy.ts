import type { Generator } from '../generation/generator.ts';
import { SAMPLING_DEFAULTS } from '../generation/options.ts';
import { heldOutProblems, type Task } from '../text/tasks.ts';
import type { CharacterTokenizer } from '../text/tokenizer.ts';

/** Held-out problems that an evaluation asks. */
export const ACCURACY_PROBLEMS = 50;

/** A problem in tokens: the prompt begins and the answer ends with `<|endoftext|>`. */
export interface TokenProblem {
  prompt: readonly number[];
  answer: readonly number[];
}

/** The problems that a run on a task is tested with; undefined where the vocabulary lacks characters of theirs. */
export function testProblems(task: Task, tokenizer: CharacterTokenizer): TokenProblem[] | undefined {
  const problems = heldOutProblems(task, ACCURACY_PROBLEMS);
  if (!problems.every(({ prompt, answer }) => [...prompt, ...answer].every((c) => tokenizer.has(c)))) return undefined;
  return problems.map(({ prompt, answer }) => ({
    prompt: tokenizer.begin(prompt),
    answer: [...tokenizer.encode(answer), tokenizer.endOfText],
  }));
}

/**
 * The share of problems that are answered exactly: the likeliest tokens after the prompt, one by one, are the answer and
 * then the end. `passed` is awaited before each token, so that a pause or a stop is obeyed.
 */
export async function exactMatch(
  generator: Generator,
  problems: readonly TokenProblem[],
  passed: () => Promise<void>,
): Promise<number> {
  let right = 0;
  for (const { prompt, answer } of problems) {
    await passed();
    let matched = 0;
    const greedy = { ...SAMPLING_DEFAULTS, length: answer.length, temperature: 0 };
    for await (const id of generator.generateOne(prompt, greedy)) {
      await passed();
      if (id !== answer[matched]) break; // the rest cannot mend it
      matched++;
    }
    if (matched === answer.length) right++;
  }
  return right / problems.length;
}
