import { describe, expect, test } from 'vitest';
import { type OptimizerName, preset } from '../../src/model/config.ts';
import { glyph, spoken } from '../../src/ui/panels/inside/glyphs.ts';
import { type UpdateRow, updateRows } from '../../src/ui/panels/inside/weight-update.ts';
import type { WalkView, WeightUpdate } from '../../src/worker/inspection/messages.ts';
import { update } from '../reference/optimizer.ts';

/** What a calculator says to a formula of the table; undefined where it has no numbers in it. */
function calculated({ formula }: UpdateRow): number | undefined {
  const expression = formula
    .replace(/^[a-z ]+= /, '')
    .replaceAll('−', '-')
    .replaceAll('·', '*')
    .replaceAll('²', '**2')
    .replace(/√([\d.e-]+)/g, 'Math.sqrt($1)')
    .replaceAll('sign(', 'Math.sign(')
    .replaceAll('min(', 'Math.min(');
  return /^[\d\s()*/+\-.,eMathsqrignin]+$/.test(expression) && /\d/.test(expression)
    ? (new Function(`return ${expression}`)() as number)
    : undefined;
}

const shown = (value: string) => Number(value.replaceAll('−', '-'));

describe('the table of an update', () => {
  const cases: [OptimizerName, Partial<WalkView['training']>][] = [
    ['adamw', { weight_decay: 0.1, grad_clip: 0.5 }],
    ['adam', { weight_decay: 0, l2: 0.01 }],
    ['sgd', { momentum: 0.9, nesterov: true, weight_decay: 0.02 }],
    ['sgd', { momentum: 0.9, nesterov: false, weight_decay: 0 }],
    ['sgd', { momentum: 0, nesterov: false, weight_decay: 0, grad_clip: 0 }],
    ['lion', { weight_decay: 0.1 }],
  ];
  test.each(cases)('of %s says what comes out: %j', (optimizer, change) => {
    const training = { ...preset('tiny').training, optimizer, ...change };
    const [step, lr, grad_norm] = [6, 3e-3, 1.7];
    const clip = training.grad_clip > 0 ? Math.min(1, training.grad_clip / (grad_norm + 1e-6)) : 1;
    const [w, g, m, v] = [-0.0312, 0.0041, -0.00021, 3.1e-7];
    const state = { param: Float64Array.of(w), m: Float64Array.of(m), v: Float64Array.of(v) };
    update(state, [g * clip], step, { ...training, lr });
    const adam = optimizer === 'adamw' || optimizer === 'adam';
    const made: WeightUpdate = {
      gradient: g,
      weight: [w, state.param[0]!],
      ...(optimizer === 'sgd' && training.momentum === 0 ? {} : { moment1: [m, state.m[0]!] as [number, number] }),
      ...(adam ? { moment2: [v, state.v[0]!] as [number, number] } : {}),
    };
    const corrections = [1 / (1 - training.beta1 ** (step + 1)), 1 / (1 - training.beta2 ** (step + 1))];
    const walk = { training, clip, grad_norm, lr, corrections, average_rate: 1 } as never as WalkView;
    const rows = updateRows(walk, made, true);
    const checked = rows.filter((row) => {
      const value = calculated(row);
      if (value === undefined) return false;
      expect(Math.abs(value - shown(row.value)), `${row.quantity}: ${row.formula}`).toBeLessThan(
        2e-5 * Math.max(1e-9, Math.abs(value)),
      );
      return true;
    });
    expect(checked.length).toBeGreaterThanOrEqual(3);
    expect(checked.map(({ quantity }) => quantity)).toContain('New weight');
    expect(shown(rows.find(({ quantity }) => quantity === 'New weight')!.value)).toBeCloseTo(state.param[0]!, 7);
  });

  test('leaves the decay out where a tensor has none', () => {
    const training = { ...preset('tiny').training, weight_decay: 0.1 };
    const walk = { training, clip: 1, grad_norm: 0.1, lr: 0.01, corrections: [1, 1], average_rate: 1 };
    const made: WeightUpdate = { gradient: 1, weight: [1, 0.99], moment1: [0, 0.1], moment2: [0, 0.01] };
    const decay = (decays: boolean) =>
      updateRows(walk as never as WalkView, made, decays).find(({ quantity }) => quantity === 'Weight decay')!;
    expect(decay(true)).toMatchObject({ formula: '1 − 0.01 · 0.1', value: '0.999' });
    expect(decay(false)).toMatchObject({ formula: 'not for this tensor', value: '1' });
  });
});

test('every character can be seen, and said', () => {
  expect(['\n', ' ', '\t', 'a', '\u0007', '\u0301'].map(glyph)).toEqual(['↵', '·', '→', 'a', 'U+7', '◌\u0301']);
  expect(['\n', ' ', 'é'].map(spoken)).toEqual(['line break', 'space', 'é']);
});
