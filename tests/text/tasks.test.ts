import { describe, expect, test } from 'vitest';
import { Random } from '../../src/model/random.ts';
import { corpusOf, splitCorpus } from '../../src/text/corpus.ts';
import {
  addition,
  brackets,
  copying,
  copyingOf,
  heldOutProblems,
  sorting,
  type Task,
  taskText,
} from '../../src/text/tasks.ts';
import { END_OF_TEXT } from '../../src/text/tokenizer.ts';

/** The answer, worked out from the prompt alone and in another way than the task does. */
const SOLVERS: Record<string, (prompt: string) => string> = {
  addition: (prompt) => {
    const [, a, b] = /^(\d+)\+(\d+)=$/.exec(prompt)!;
    return `${Number(a) + Number(b)}`;
  },
  sorting: (prompt) => {
    const letters = /^([a-h]{3,6})>$/.exec(prompt)![1]!;
    return [...'abcdefgh'].map((letter) => letter.repeat(letters.split(letter).length - 1)).join('');
  },
  brackets: (prompt) => {
    let open = /^([()[\]{}<>]{3,8}):$/.exec(prompt)![1]!;
    for (let before = ''; before !== open; ) {
      before = open;
      open = open.replace(/\(\)|\[\]|\{\}|<>/g, '');
    }
    expect(open).toMatch(/^[([{<]+$/);
    return [...open]
      .map((c) => ')]}>'['([{<'.indexOf(c)]!)
      .reverse()
      .join('');
  },
  copying: (prompt) => /^([a-h]{1,6})\|$/.exec(prompt)![1]!,
};

const TASKS: [string, Task][] = [
  ['addition', addition],
  ['sorting', sorting],
  ['brackets', brackets],
  ['copying', copying],
];

/** Documents as prompt and answer. */
function problemsOf(text: string): { prompt: string; answer: string }[] {
  return text
    .split(END_OF_TEXT)
    .slice(0, -1)
    .map((document) => {
      const end = /[=>:|]/g;
      // `>` is also a bracket: there the colon ends the prompt
      const at = document.includes(':') ? document.indexOf(':') : document.search(end);
      return { prompt: document.slice(0, at + 1), answer: document.slice(at + 1) };
    });
}

describe.each(TASKS)('%s', (name, task) => {
  const text = taskText(task);

  test('every document is a problem with its right answer, and there are many', () => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(10_000);
    for (const { prompt, answer } of problems) expect(answer, prompt).toBe(SOLVERS[name]!(prompt));
  });

  test('no problem of the tests occurs in the training part, and the validation part is made of such ones', () => {
    const { ids, tokenizer } = corpusOf(text);
    const { train, val } = splitCorpus(ids);
    const documents = (part: typeof train) =>
      problemsOf(`${tokenizer.decode(part)}${END_OF_TEXT}`).map((p) => p.prompt);
    const trained = new Set(documents(train));
    const tests = heldOutProblems(task, 50);
    expect(new Set(tests.map(({ prompt }) => prompt)).size).toBe(50);
    for (const { prompt, answer } of tests) {
      expect(trained).not.toContain(prompt);
      expect(answer).toBe(SOLVERS[name]!(prompt));
    }
    // all but the document or two at the borders of the parts
    const held = documents(val).slice(2, -1);
    expect(held.length).toBeGreaterThan(1000);
    expect(held.filter((prompt) => trained.has(prompt))).toEqual([]);
  });

  test('is the same text every time', () => {
    expect(taskText(task)).toBe(text);
    expect(heldOutProblems(task, 20)).toEqual(heldOutProblems(task, 50).slice(0, 20));
  });
});

test('a sum with its numbers swapped is on the same side', () => {
  const swapped = (prompt: string) => prompt.replace(/(\d+)\+(\d+)/, '$2+$1');
  const trained = new Set(problemsOf(taskText(addition).slice(0, 180_000)).map(({ prompt }) => prompt));
  for (const { prompt } of heldOutProblems(addition, 200)) expect(trained).not.toContain(swapped(prompt));
});

test('about a tenth of the problems is held out, of a small task too', () => {
  const task = copyingOf(5, 3); // 155 problems
  const all = new Set<string>();
  for (let seed = 0, random = new Random(seed); all.size < 155; ) all.add(task(random).prompt);
  const held = heldOutProblems(task, 155).length;
  expect(held).toBeGreaterThan(5);
  expect(held).toBeLessThan(30);
  expect(() => taskText(copyingOf(1, 1), 100)).toThrow('too few problems');
});
