import { InklingError } from '../gpu/errors.ts';
import { Random } from '../model/random.ts';
import { END_OF_TEXT } from './tokenizer.ts';

/** A question and its one right answer; a document is both, one after the other. */
export interface Problem {
  prompt: string;
  answer: string;
  /** What problems that give each other away have in common; without it, the prompt. */
  key?: string;
}

/** Draws a problem. All randomness comes from `random`. */
export type Task = (random: Random) => Problem;

/** Every task's problems are drawn from this seed: the text is the same everywhere, and so is its checksum. */
const SEED = 1337;
/** One problem in so many is held out, whichever it is. */
const HOLD_OUT = 10;
/** Characters of the training part, at least. */
const TRAINING_CHARACTERS = 200_000;
/** Draws without a problem of the wanted kind, after which there is none. */
const PATIENCE = 100_000;

const integer = (random: Random, below: number) => Math.floor(below * random.uniform());
const repeat = (times: number, draw: () => string) => Array.from({ length: times }, draw).join('');

/** `37+5=42`: two numbers below 100. `5+37` counts as the same problem. */
export const addition: Task = (random) => {
  const [a, b] = [integer(random, 100), integer(random, 100)];
  return { prompt: `${a}+${b}=`, answer: String(a + b), key: `${Math.min(a, b)}+${Math.max(a, b)}` };
};

/** `dbca>abcd`: 3 to 6 of the letters a to h, put into their order. */
export const sorting: Task = (random) => {
  const letters = repeat(3 + integer(random, 4), () => 'abcdefgh'[integer(random, 8)]!);
  return { prompt: `${letters}>`, answer: [...letters].sort().join('') };
};

const OPENING = '([{<';
const CLOSING = ')]}>';

/** `([]{:})`: 3 to 8 brackets, of which 1 to 5 are still open, and those that close them. */
export const brackets: Task = (random) => {
  for (;;) {
    const open: string[] = [];
    const prompt = repeat(3 + integer(random, 6), () => {
      const last = open.at(-1);
      if (last !== undefined && random.uniform() < 0.4) {
        open.pop();
        return last;
      }
      const kind = integer(random, OPENING.length);
      open.push(CLOSING[kind]!);
      return OPENING[kind]!;
    });
    if (open.length >= 1 && open.length <= 5) return { prompt: `${prompt}:`, answer: open.reverse().join('') };
  }
};

/** `fbac|fbac`: strings of 1 to `longest` of the first `letters` letters, written once more. */
export function copyingOf(letters: number, longest: number): Task {
  return (random) => {
    const text = repeat(1 + integer(random, longest), () => String.fromCharCode(97 + integer(random, letters)));
    return { prompt: `${text}|`, answer: text };
  };
}

export const copying = copyingOf(8, 6);

/** Whether a problem belongs to the tests: its key alone decides (FNV-1a), so that no problem is ever on both sides. */
function isHeldOut({ prompt, key = prompt }: Problem): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // The low bits of this hash hardly mix; the high ones do.
  return (hash >>> 16) % HOLD_OUT === 0;
}

function drawSide(task: Task, random: Random, heldOut: boolean): Problem {
  for (let tries = 0; tries < PATIENCE; tries++) {
    const problem = task(random);
    if (isHeldOut(problem) === heldOut) return problem;
  }
  throw new InklingError('internal', 'The task has too few problems to hold some of them out.');
}

/**
 * The text of a task: one problem a document. Held-out problems stand at its end and are at most a ninth of the others
 * in length, so that the last tenth, the validation part, takes in all of them, and training sees none.
 */
export function taskText(task: Task, characters = TRAINING_CHARACTERS): string {
  const random = new Random(SEED);
  const documents: string[] = [];
  /** Tokens: a separator is one. */
  const append = (heldOut: boolean, room: number): number => {
    const { prompt, answer } = drawSide(task, random, heldOut);
    const length = prompt.length + answer.length + 1;
    if (length <= room) documents.push(prompt + answer + END_OF_TEXT);
    return length;
  };
  let training = 0;
  while (training < characters) training += append(false, Number.POSITIVE_INFINITY);
  for (let room = Math.floor(training / 9); room > 0; ) room -= append(true, room);
  return documents.join('');
}

/** `count` different held-out problems, or as many as there are. */
export function heldOutProblems(task: Task, count: number): Problem[] {
  const random = new Random(SEED, 1);
  const found = new Map<string, Problem>();
  for (let tries = 0; found.size < count && tries < 100 * count; tries++) {
    const problem = drawSide(task, random, true);
    found.set(problem.prompt, problem);
  }
  return [...found.values()];
}
