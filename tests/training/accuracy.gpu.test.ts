import { expect } from 'vitest';
import { SAMPLING_DEFAULTS } from '../../src/generation/options.ts';
import { preset } from '../../src/model/config.ts';
import { corpusOf, splitCorpus } from '../../src/text/corpus.ts';
import { brackets, heldOutProblems, taskText } from '../../src/text/tasks.ts';
import { testProblems } from '../../src/training/accuracy.ts';
import { Trainer } from '../../src/training/trainer.ts';
import { gpuTest } from '../graph/harness.ts';

gpuTest('a small model learns to close brackets, and its evaluations say how often', async ({ device }) => {
  const { ids, tokenizer } = corpusOf(taskText(brackets));
  const { model, training } = preset('tiny');
  const trainer = await Trainer.create(device, {
    model: { ...model, vocab_size: tokenizer.vocab_size },
    training: { ...training, max_iters: 400, lr_decay_iters: 400, eval_interval: 400, eval_iters: 2 },
    ...splitCorpus(ids),
    problems: testProblems(brackets, tokenizer),
  });
  const accuracies: (number | undefined)[] = [];
  await trainer.run({ evaluated: (_step, _train, _val, _improved, accuracy) => void accuracies.push(accuracy) });
  // Of five closing brackets in the right order by chance: 1 in 4 at the best, and then the end must follow.
  expect(accuracies).toHaveLength(2);
  expect(accuracies[0]).toBeLessThanOrEqual(0.04);
  expect(accuracies[1]).toBeGreaterThanOrEqual(0.16);

  // The same figure, by writing every answer out and reading it as text.
  let right = 0;
  const problems = heldOutProblems(brackets, 50);
  for (const { prompt, answer } of problems) {
    const written: number[] = [];
    const options = { ...SAMPLING_DEFAULTS, length: 12, temperature: 0, ...tokenizer.ending() };
    for await (const id of trainer.generator.generateOne([tokenizer.endOfText, ...tokenizer.encode(prompt)], options)) {
      written.push(id);
    }
    if (tokenizer.decode(written) === answer) right++;
  }
  expect(accuracies[1]).toBe(right / problems.length);
  trainer.destroy();
});
