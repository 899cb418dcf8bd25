import { expect, test } from 'vitest';
import { DATASET_NAMES, DATASETS as TEXTS } from '../../src/text/datasets.ts';
import { DATASETS } from '../../src/ui/strings.ts';

test('the page offers every text, under the name that it bears once it is read', () => {
  expect(Object.keys(DATASETS)).toEqual([...DATASET_NAMES]);
  for (const name of DATASET_NAMES) expect(DATASETS[name].name).toBe(TEXTS[name].title);
});
