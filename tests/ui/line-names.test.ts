import { expect, test } from 'vitest';
import { type Covered, quietest } from '../../src/ui/charts/line-names.ts';

const boxes = [
  { left: 80, right: 100, top: 10, bottom: 20 },
  { left: 0, right: 20, top: 10, bottom: 20 },
];
const at = (x: number, top: number, bottom = top): Covered => ({ x, top, bottom });

test.each<[string, Covered[][], number]>([
  ['no curve', [], 0],
  ['curves elsewhere', [[at(50, 15), at(90, 25), at(10, 5)]], 0],
  ['a curve through the first', [[at(85, 15)], [at(50, 15)]], 1],
  ['a band around it', [[at(90, 0, 30)]], 1],
  ['more of it in the second', [[at(90, 15), at(5, 15), at(6, 15)]], 0],
  ['as much in both', [[at(80, 10), at(0, 20)]], 0],
])('a name goes where the curves cover it least: %s', (_, curves, index) => {
  expect(quietest(boxes, curves)).toBe(index);
});
