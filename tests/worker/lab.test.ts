import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutText } from '../../src/worker/lab.ts';

test('what is learnt and what is held back touch, never overlap, and what is held back stays the same', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 9000 }),
      (characters, heldBack, rest) => {
        const ids = Uint16Array.from({ length: characters + heldBack + rest }, (_, i) => i);
        const { train, val } = cutText(ids, characters, heldBack);
        expect([train.length, val.length]).toEqual([characters, heldBack]);
        expect(val.at(-1)! + 1).toBe(train[0]);
        // with as much behind the middle as is learnt, the cut does not move for fewer
        if (characters <= ids.length / 2 && heldBack <= ids.length / 2) {
          expect(cutText(ids, Math.ceil(characters / 2), heldBack).val).toEqual(val);
        }
      },
    ),
  );
});

test('a text that is too short is refused', () => {
  expect(() => cutText(new Uint8Array(99), 60, 40)).toThrow('100 characters, and the text has 99');
});
