import { describe, expect, test } from 'vitest';
import { GRADIENTS, Graph, PARAMETERS } from '../../src/graph/graph.ts';
import { attention } from '../../src/graph/operators/attention.ts';
import { layerNorm } from '../../src/graph/operators/layer-norm.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import { rowShape } from '../../src/graph/operators/rows.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';

const layout = new ParameterLayout([
  { name: 'gain', shape: [8], decay: false },
  { name: 'w', shape: [8, 8], decay: true },
  { name: 'v', shape: [8, 8], decay: true },
]);

const trace = (training = true, lanes = 1) => {
  const graph = new Graph(layout, { lanes }, training);
  return { graph, x: graph.input('x', [4, 8]), w: graph.parameter('w', [8, 8]), gain: graph.parameter('gain', [8]) };
};

describe('parameters', () => {
  test('have one tensor for each name, and the same place in the gradients', () => {
    const { graph, w } = trace();
    expect(graph.parameter('w', [8, 8])).toBe(w);
    expect(w.place).toMatchObject({ kind: 'region', buffer: PARAMETERS });
    const { dx } = graph.gradientOf(w);
    expect(dx.place).toEqual({ ...w.place, buffer: GRADIENTS });
  });

  test('must be known, and of the shape that is known', () => {
    const { graph } = trace();
    expect(() => graph.parameter('u', [8, 8])).toThrow(/no parameter “u”/);
    expect(() => graph.parameter('w', [8, 4])).toThrow(/w is \[8,8\], not \[8,4\]/);
  });
});

describe('gradients', () => {
  test('are written first and added to after', () => {
    const { graph, x } = trace();
    expect(graph.gradientOf(x).accumulate).toBe(false);
    expect(graph.gradientOf(x).accumulate).toBe(true);
    expect(graph.gradientOf(x).dx).toBe(graph.gradient(x));
  });

  test('cannot be handed on over others, nor asked for where there are none', () => {
    const { graph, x, w, gain } = trace();
    graph.gradientOf(x);
    expect(() => graph.handOn(x, w)).toThrow(/cannot be handed on/);
    expect(() => graph.gradient(gain)).toThrow(/gain \[8\] has no gradient/);
  });

  test('are not traced for what the result does not depend on', () => {
    const { graph, x, w, gain } = trace();
    layerNorm(graph, x, gain, null);
    const y = linear(graph, x, w);
    graph.backward(y, graph.input('dy', y.shape));
    expect(() => graph.gradient(gain)).toThrow(/no gradient/);
    expect(graph.gradient(w).shape).toEqual([8, 8]);
  });

  test('cost nothing in a graph that only evaluates', () => {
    const { graph, x, w } = trace(false);
    const y = linear(graph, x, w);
    const forward = graph.dispatches.length;
    graph.backward(y, graph.input('dy', y.shape));
    expect(graph.dispatches.length).toBe(forward);
  });
});

describe('what would be computed wrongly is refused', () => {
  const backward = (graph: Graph, y: ReturnType<typeof linear>) => () => graph.backward(y, graph.input('dy', y.shape));

  test('an activation that is not read by a linear layer', () => {
    const { graph, x, w, gain } = trace();
    const hidden = linear(graph, x, w, { activation: 'gelu' });
    expect(backward(graph, layerNorm(graph, hidden, gain, null))).toThrow(/only a linear layer/);
  });

  test('an activation at the end', () => {
    const { graph, x, w } = trace();
    expect(backward(graph, linear(graph, x, w, { activation: 'gelu' }))).toThrow(/only a linear layer/);
  });

  test('an activation that is read twice', () => {
    const { graph, x, w } = trace();
    const hidden = linear(graph, x, w, { activation: 'relu' });
    const y = linear(graph, linear(graph, hidden, w), w, { residual: linear(graph, hidden, w) });
    expect(backward(graph, y)).toThrow(/read twice/);
  });

  test('an activation as a residual', () => {
    const { graph, x, w } = trace();
    const hidden = linear(graph, x, w, { activation: 'relu' });
    expect(backward(graph, linear(graph, x, w, { residual: hidden }))).toThrow(/activation/);
  });

  test('an activation and a residual of one layer', () => {
    const { graph, x, w } = trace();
    expect(() => linear(graph, x, w, { activation: 'relu', residual: x })).toThrow(/exclude each other/);
  });

  test('shapes that do not fit', () => {
    const { graph, w } = trace();
    expect(() => linear(graph, graph.input('z', [4, 7]), w)).toThrow(/does not fit/);
    expect(() => attention(graph, graph.input('qkv', [1, 4, 24]), 3)).toThrow(/3 heads/);
  });
});

test.each([1, 2, 32, 256])('rows are shared by %i threads at most, in whole workgroups', (lanes) => {
  const { graph } = trace(true, lanes);
  for (const width of [1, 2, 3, 17, 32, 65, 1000]) {
    const { LANES, GROUPS, REDUCE } = rowShape(graph, width);
    expect(LANES).toBeLessThanOrEqual(lanes);
    expect(LANES === 1 || LANES / 2 < width).toBe(true);
    expect(LANES * GROUPS).toBeGreaterThanOrEqual(lanes > 1 ? 64 : 16);
    expect(LANES * GROUPS).toBeLessThanOrEqual(256);
    expect(REDUCE).toBe(LANES > 1);
  }
});
