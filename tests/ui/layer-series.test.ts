import { describe, expect, it } from 'vitest';
import { curvesCSV, historyCSV, normsCSV } from '../../src/ui/charts/curves-csv.ts';
import { layerSeries } from '../../src/ui/charts/layer-series.ts';
import { RunHistory } from '../../src/ui/run-history.ts';
import type { StepNorms } from '../../src/worker/messages.ts';

const names = [
  'transformer.wte.weight',
  'transformer.wpe.weight',
  'transformer.h.0.attn.c_attn.weight',
  'transformer.h.10.mlp.c_fc.weight',
  'transformer.h.2.mlp.c_fc.weight',
  'transformer.ln_f.weight',
];
const norms = (step: number, moved = true): StepNorms => ({
  step,
  names,
  grad: [3, 4, 1, 2, 5, 6],
  update: [0.3, 0.4, 0.1, 0.1, 0.1, 0.1],
  weight: [30, 40, 10, 10, 10, 10],
  moved: moved ? [1, 0, 1, 1, 1, 1] : null,
});

describe('norms by layer', () => {
  it('stand in the order of the layers, and those of a layer add up at right angles', () => {
    const series = layerSeries([norms(10), norms(20)], 'grad');
    expect(series.map(({ label }) => label)).toEqual(['embeddings', 'layer 1', 'layer 3', 'layer 11', 'head']);
    expect(series.map(({ y }) => y[1])).toEqual([5, 1, 5, 2, 6]);
    expect(series[0]!.x).toEqual([10, 20]);
    expect(new Set(series.map(({ colour }) => colour)).size).toBe(5);
  });

  it('are a share of the weights, and a distance only where the start is known', () => {
    expect(layerSeries([norms(10)], 'ratio')[0]!.y[0]).toBeCloseTo(0.01);
    expect(layerSeries([norms(10, false), norms(20)], 'moved')[0]).toMatchObject({ x: [20], y: [1] });
    expect(layerSeries([], 'grad')).toEqual([]);
  });

  it('are written for every tensor', () => {
    const lines = normsCSV([norms(10), norms(20, false)]).split('\n');
    expect(lines[1]).toBe('10,transformer.wte.weight,3,0.3,30,1');
    expect(lines[7]).toBe('20,transformer.wte.weight,3,0.3,30,');
    expect(lines).toHaveLength(1 + 12 + 1);
  });
});

describe('the curves of a run as CSV', () => {
  const record = (step: number) => ({ step, loss: 4 / step, lr: 0.1 + 0.2, grad_norm: 1 });

  it('hold every step of a kept run in full, with its evaluations between', () => {
    const csv = curvesCSV({
      records: [1, 2].map(record),
      evaluations: [
        { step: 0, train_loss: 4.1, val_loss: 4.2 },
        { step: 2, train_loss: 2.1, val_loss: 2.2, accuracy: 0.5 },
      ],
      samples: [],
      norms: [],
      speeds: [{ step: 2, tokens_per_s: 99.5 }],
    });
    expect(csv.split('\n')).toEqual([
      'step,loss,lr,grad_norm,tokens_per_s,train_loss,val_loss,accuracy',
      '0,,,,,4.1,4.2,',
      '1,4,0.30000000000000004,1,,,,',
      '2,2,0.30000000000000004,1,99.5,,,',
      '2,,,,,2.1,2.2,0.5',
      '',
    ]);
  });

  it('hold what is on show of a run that is not kept', () => {
    const history = new RunHistory();
    for (let step = 1; step <= 5000; step++) history.append({ ...record(step), lr: 1 });
    history.speed.append(5000, 7);
    const lines = historyCSV(history, [{ step: 5000, train: 1, val: 2 }])
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(1 + history.loss.x.length + 1);
    expect(lines.at(-2)).toMatch(/^5000,[\d.e-]+,1,1,7,,,$/);
    expect(lines.at(-1)).toBe('5000,,,,,1,2,');
  });
});
