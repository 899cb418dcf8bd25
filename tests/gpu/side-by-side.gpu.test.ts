import { describe, expect, test } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { type Kernel, specialise } from '../../src/gpu/kernel.ts';
import { type Launch, sideBySide } from '../../src/gpu/side-by-side.ts';
import { GRADIENTS, Graph, PARAMETERS, partsOf } from '../../src/graph/graph.ts';
import { linear } from '../../src/graph/operators/linear.ts';
import type { ProductVariant } from '../../src/graph/operators/product-variants.ts';
import { ParameterLayout } from '../../src/graph/parameters.ts';
import { Arena } from '../../src/graph/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { gpuTest } from '../graph/harness.ts';

/** Writes where each thread stands, by every built-in value; `share` adds what the workgroup's threads tell each other. */
const PLACES = `
@group(0) @binding(0) var<storage, read> inp: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> other: array<u32>;
struct Place { at: vec3u }
const OFFSET = 3u;
var<workgroup> told: array<u32, X * Y>;
var<private> own: vec2u;

fn sum(place: Place, x: u32) -> u32 {
  return place.at.x + 10u * place.at.y + 100u * place.at.z + x;
}

@compute @workgroup_size(X, Y)
fn places(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(global_invocation_id) inside: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let xyz = inp[FIRST];
  own = vec2u(xyz, index);
//#if SHARE
  told[index] = index * index + FIRST;
  workgroupBarrier();
  own.y = told[X * Y - 1u - index];
//#endif
  let at = inside.x + inside.y * groups.x * X + inside.z * groups.x * groups.y * X * Y;
  out[at] = vec4u(sum(Place(group), own.x), sum(Place(groups), OFFSET), sum(Place(local), 0u), own.y);
  if (at > 10u) {
    return;
  }
  out[at].x += 1000000u;
}

@compute @workgroup_size(1)
fn idle() {
  other[0] += 1u;
}
`;

function places(first: number, share: boolean, [X, Y] = [4, 2]): Kernel {
  return { source: PLACES, entry: 'places', constants: { FIRST: first, SHARE: share, X: X!, Y: Y! } };
}

/** What each launch writes, alone or all in one dispatch. */
async function run(device: Device, launches: readonly Launch[], together: boolean): Promise<Uint32Array[]> {
  const graph = new Graph(new ParameterLayout([]), { lanes: 1 }, false);
  const inp = graph.input('inp', [8], 'u32');
  const outs: Tensor[] = [];
  const all = launches.map(({ kernel, workgroups }) => {
    const [x, y, z] = workgroups;
    const threads = x * y * z * Number(kernel.constants.X) * Number(kernel.constants.Y);
    const out = graph.output(graph.tensor('out', [threads, 4], 'u32'));
    outs.push(out);
    return { kernel, workgroups, bindings: { inp, out } };
  });
  if (together) graph.dispatchSideBySide(all);
  else for (const { kernel, workgroups, bindings } of all) graph.dispatch(kernel, bindings, workgroups);
  expect(graph.dispatches.flatMap(partsOf).length).toBe(launches.length);
  const arena = new Arena(device);
  try {
    arena.plan(graph);
    const program = (await arena.compile()).get(graph)!;
    program.write(
      inp,
      Uint32Array.from({ length: 8 }, (_, i) => 7 * i + 1),
    );
    program.run();
    const read: Uint32Array[] = [];
    for (const out of outs) read.push(new Uint32Array((await program.read(out)).buffer));
    return read;
  } finally {
    arena.destroy();
  }
}

gpuTest.for<[string, Launch[]]>([
  [
    'two that share workgroup memory',
    [
      { kernel: places(1, true), workgroups: [3, 2, 2] },
      { kernel: places(2, true), workgroups: [1, 5, 1] },
    ],
  ],
  [
    'three, of which one has no barrier',
    [
      { kernel: places(0, false), workgroups: [1, 1, 1] },
      { kernel: places(5, true), workgroups: [2, 3, 4] },
      { kernel: places(7, false), workgroups: [7, 1, 1] },
    ],
  ],
  [
    'one that is told its sizes, and one that is not',
    [
      { kernel: { ...places(6, false), sizes: ['FIRST'] }, workgroups: [3, 1, 2] },
      { kernel: places(4, false), workgroups: [2, 2, 1] },
    ],
  ],
  [
    'more workgroups than one dimension holds',
    [
      { kernel: places(3, false, [1, 1]), workgroups: [65_535, 1, 1] },
      { kernel: places(4, false, [1, 1]), workgroups: [300, 7, 1] },
    ],
  ],
])('side by side each launch does what it does alone: %s', async ([, launches], { device }) => {
  expect(await run(device, launches, true)).toEqual(await run(device, launches, false));
});

gpuTest('what is told its sizes is one kernel, of whatever size, and does the same', async ({ device }) => {
  const told = (first: number, groups: number): Launch[] => [
    { kernel: { ...places(first, false), sizes: ['FIRST'] }, workgroups: [groups, 2, 1] },
    { kernel: { ...places(first + 1, false), sizes: ['FIRST'] }, workgroups: [5, 1, groups] },
  ];
  const compiled = (launches: readonly Launch[]) =>
    launches.map(({ kernel: { sizes: _, ...kernel }, workgroups }) => ({ kernel, workgroups }));
  expect(specialise(sideBySide(told(1, 3)).kernel)).toBe(specialise(sideBySide(told(5, 4)).kernel));
  for (const launches of [told(1, 3), told(5, 4)]) {
    for (const together of [true, false]) {
      expect(await run(device, launches, together)).toEqual(await run(device, compiled(launches), false));
    }
  }
});

describe('what does not go together', () => {
  const launch = (kernel: Kernel): Launch => ({ kernel, workgroups: [1, 1, 1] });

  test('workgroups of two sizes', () => {
    const launches = [launch(places(1, true)), launch(places(1, true, [8, 1]))];
    expect(() => sideBySide(launches)).toThrow('Workgroups of (4,2) and (8,1) threads do not go together.');
  });

  test('a built-in value that it does not know', () => {
    const source = PLACES.replace('@builtin(workgroup_id) group', '@builtin(subgroup_size) group');
    expect(() => sideBySide([launch({ ...places(1, true), source })])).toThrow(/places asks for subgroup_size/);
  });

  test('an entry point that is not there', () => {
    expect(() => sideBySide([launch({ ...places(1, true), entry: 'nowhere' })])).toThrow(/nowhere is no entry point/);
  });
});

test.each<[ProductVariant, ProductVariant, number, number?]>([
  ['register4', 'register4', 1],
  ['quad16', 'register8', 1],
  ['sliced4', 'sliced4', 1],
  ['register4', 'sliced4', 2],
  ['shared32', 'shared32', 2],
  ['register4', 'register4', 1, 16 * 24 * 32],
  ['register4', 'register4', 2, 16 * 24 * 32 - 1],
])('a linear layer’s gradients, as %s and %s, are %i dispatches', (dx, dw, dispatches, largestJoined) => {
  const products = new Map<string, ProductVariant>([
    ['NN 16x32x24', dx],
    ['TN 24x32x16', dw],
  ]);
  const layout = new ParameterLayout([{ name: 'w', shape: [24, 32], decay: true }]);
  const graph = new Graph(layout, { lanes: 1, products, ...(largestJoined && { largestJoined }) }, true);
  const out = linear(graph, graph.input('x', [16, 32]), graph.parameter('w', [24, 32]));
  const forward = graph.dispatches.length;
  graph.backward(out, graph.input('dout', [16, 24]));
  const backward = graph.dispatches.slice(forward);
  expect(backward.length).toBe(dispatches);
  expect(backward.flatMap(partsOf).map(({ kernel }) => kernel.entry)).toEqual(['matmul', 'matmul']);
  const buffers = backward.flatMap(({ bindings, writes }) => [...writes].map((name) => bindings[name]!.place));
  expect(buffers.filter((place) => place.kind === 'region' && place.buffer === GRADIENTS).length).toBe(1);
  expect(buffers.filter((place) => place.kind === 'region' && place.buffer === PARAMETERS)).toEqual([]);
});
