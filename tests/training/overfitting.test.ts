import { describe, expect, test } from 'vitest';
import { bitsPerCharacter, overfittingSince } from '../../src/training/overfitting.ts';

const evaluations = (pairs: [train: number, val: number][]) =>
  pairs.map(([train_loss, val_loss], i) => ({ step: 10 * i, train_loss, val_loss }));

describe('overfitting is named', () => {
  test.each([
    ['never without evaluations', [], null],
    [
      'not while both losses fall',
      [
        [4, 4],
        [3, 3.1],
        [2, 2.3],
        [1.8, 2.2],
      ],
      null,
    ],
    [
      'not while the gap only widens: the validation loss still falls',
      [
        [4, 4],
        [2, 3],
        [1, 2.9],
        [0.5, 2.85],
      ],
      null,
    ],
    [
      'not by one bad evaluation',
      [
        [4, 4],
        [3, 3.1],
        [2, 2.5],
        [1.5, 2.6],
      ],
      null,
    ],
    [
      'not by what is within chance',
      [
        [4, 4],
        [3, 3.1],
        [2, 2.5],
        [1.9, 2.51],
        [1.8, 2.515],
      ],
      null,
    ],
    [
      'not when both losses rise: that is another trouble',
      [
        [4, 4],
        [2, 2.5],
        [2.5, 3],
        [3, 3.5],
      ],
      null,
    ],
    [
      'by the second evaluation above the lowest',
      [
        [4, 4],
        [3, 3.1],
        [2, 2.5],
        [1.5, 2.6],
        [1.2, 2.8],
      ],
      20,
    ],
    [
      'no more when a new lowest comes',
      [
        [4, 4],
        [2, 2.5],
        [1.5, 2.6],
        [1.2, 2.8],
        [1.1, 2.4],
      ],
      null,
    ],
  ] as [string, [number, number][], number | null][])('%s', (_, pairs, since) => {
    expect(overfittingSince(evaluations(pairs))).toBe(since);
  });
});

test('a bit is ln 2 nats', () => {
  expect(bitsPerCharacter(Math.log(8))).toBeCloseTo(3, 12);
});
