// Matrix product in registers: a thread owns TILE x TILE outputs and reads its operands straight from memory, four
// numbers at a time. Put behind matmul.wgsl. A larger tile reads each operand less often, a smaller one keeps more
// threads busy. Each output's sum runs over k in order, four at a time.
//
// QUADS: the four threads of a quad lie side by side along n and need the same numbers of `a`: each reads a quarter and
// they tell each other. Fewer reads.
// SLICES > 1: as many threads share each output, each taking a stretch of SLICE of the k, and the first one adds the
// stretches up in order (split-K): for products with few outputs and long sums, such as the gradients of weights.
//
// Workgroup (TX, TY, SLICES): thread x along n, y along m, z along k. VECTORS = TILE / 4.

//#if QUADS
enable subgroups;
diagnostic(off, subgroup_uniformity); // a quad has one m: it takes every branch together, which WGSL cannot know
//#endif

//#if SPLIT
// Per thread: its sums, then its column sums.
var<workgroup> stretches: array<vec4f, TX * TY * SLICES * (TILE * VECTORS + VECTORS)>;
//#endif

@compute @workgroup_size(TX, TY, SLICES)
fn matmul(
  @builtin(global_invocation_id) thread: vec3u,
  @builtin(local_invocation_id) local: vec3u,
//#if QUADS
  @builtin(subgroup_invocation_id) invocation: u32,
//#endif
) {
  let m = thread.y * TILE;
  let n = thread.x * TILE;
//#if QUADS
  let lane = invocation % 4u;
  var parts: array<vec4f, VECTORS>;
//#endif
//#if !SPLIT
//#if QUADS
  if (m >= M) { // past the end along n there may be a lane that the others need
    return;
  }
//#else
  if (m >= M || n >= N) {
    return;
  }
//#endif
//#endif
  let begin = local.z * SLICE;
  let end = min(begin + SLICE, K);
  var sums: array<vec4f, TILE * VECTORS>;  // row i, vector j of the tile at i * VECTORS + j

//#if A_TRANSPOSED
  var column_sums: array<vec4f, VECTORS>;
  var av: array<vec4f, 4 * VECTORS>;  // of the k-th of four, vector i of the tile's rows at 4 * i + k
  for (var k = begin; k < end; k += 4u) {
    //#repeat i VECTORS
//#if QUADS
    parts[i] = select(vec4f(), load_a(min(k + lane, K - 1u) * A_WIDTH, m + 4u * i), k + lane < end);
    av[4u * i] = quadBroadcast(parts[i], 0u);
    av[4u * i + 1u] = quadBroadcast(parts[i], 1u);
    av[4u * i + 2u] = quadBroadcast(parts[i], 2u);
    av[4u * i + 3u] = quadBroadcast(parts[i], 3u);
//#if BIAS_GRADIENT
    column_sums[i] += parts[i]; // a quarter of them: each thread of the quad has read another k
//#endif
//#else
    //#repeat s 4
    av[4u * i + s] = select(vec4f(), load_a(min(k + s, K - 1u) * A_WIDTH, m + 4u * i), k + s < end);
    //#endrepeat
//#if BIAS_GRADIENT
    if (n == 0u) {
      column_sums[i] += av[4u * i] + av[4u * i + 1u] + av[4u * i + 2u] + av[4u * i + 3u];
    }
//#endif
//#endif
    //#endrepeat
    //#repeat j VECTORS
    let b0 = load_b(k * B_WIDTH, n + 4u * j);
    let b1 = load_b(min(k + 1u, K - 1u) * B_WIDTH, n + 4u * j);
    let b2 = load_b(min(k + 2u, K - 1u) * B_WIDTH, n + 4u * j);
    let b3 = load_b(min(k + 3u, K - 1u) * B_WIDTH, n + 4u * j);
    //#repeat i VECTORS
    //#repeat r 4
    sums[(4u * i + r) * VECTORS + j] +=
      av[4u * i][r] * b0 + av[4u * i + 1u][r] * b1 + av[4u * i + 2u][r] * b2 + av[4u * i + 3u][r] * b3;
    //#endrepeat
    //#endrepeat
    //#endrepeat
  }
//#if BIAS_GRADIENT
//#if QUADS
  //#repeat i VECTORS
  column_sums[i] = (quadBroadcast(column_sums[i], 0u) + quadBroadcast(column_sums[i], 1u)) +
    (quadBroadcast(column_sums[i], 2u) + quadBroadcast(column_sums[i], 3u));
  //#endrepeat
//#endif
//#endif
//#else
  // rows past the end repeat the last one: read, never stored
//#if QUADS
  var rows: array<u32, VECTORS>;
  //#repeat i VECTORS
  rows[i] = min(m + 4u * i + lane, M - 1u) * A_WIDTH;
  //#endrepeat
//#else
  var rows: array<u32, TILE>;
  //#repeat i TILE
  rows[i] = min(m + i, M - 1u) * A_WIDTH;
  //#endrepeat
//#endif
  var av: array<vec4f, TILE>;
//#if B_TRANSPOSED
  var columns: array<u32, TILE>;
  //#repeat j TILE
  columns[j] = min(n + j, N - 1u) * B_WIDTH;
  //#endrepeat
//#endif
  for (var k = begin; k < end; k += 4u) {
//#if QUADS
    //#repeat i VECTORS
    parts[i] = load_a(rows[i], k);
    av[4u * i] = quadBroadcast(parts[i], 0u);
    av[4u * i + 1u] = quadBroadcast(parts[i], 1u);
    av[4u * i + 2u] = quadBroadcast(parts[i], 2u);
    av[4u * i + 3u] = quadBroadcast(parts[i], 3u);
    //#endrepeat
//#else
    //#repeat i TILE
    av[i] = load_a(rows[i], k);
    //#endrepeat
//#endif
    //#repeat j VECTORS
//#if B_TRANSPOSED
    let b0 = load_b(columns[4u * j], k);
    let b1 = load_b(columns[4u * j + 1u], k);
    let b2 = load_b(columns[4u * j + 2u], k);
    let b3 = load_b(columns[4u * j + 3u], k);
    //#repeat i TILE
    sums[i * VECTORS + j] += vec4f(dot(av[i], b0), dot(av[i], b1), dot(av[i], b2), dot(av[i], b3));
    //#endrepeat
//#else
    let b0 = load_b(k * B_WIDTH, n + 4u * j);
    let b1 = load_b(min(k + 1u, K - 1u) * B_WIDTH, n + 4u * j);
    let b2 = load_b(min(k + 2u, K - 1u) * B_WIDTH, n + 4u * j);
    let b3 = load_b(min(k + 3u, K - 1u) * B_WIDTH, n + 4u * j);
    //#repeat i TILE
    sums[i * VECTORS + j] += av[i].x * b0 + av[i].y * b1 + av[i].z * b2 + av[i].w * b3;
    //#endrepeat
//#endif
    //#endrepeat
  }
//#endif

//#if SPLIT
  let threads = TX * TY;
  let place = local.x + TX * local.y;
  //#repeat e SUMS
  stretches[(local.z * (SUMS + VECTORS) + e) * threads + place] = sums[e];
  //#endrepeat
//#if BIAS_GRADIENT
  //#repeat i VECTORS
  stretches[(local.z * (SUMS + VECTORS) + SUMS + i) * threads + place] = column_sums[i];
  //#endrepeat
//#endif
  workgroupBarrier();
  if (local.z > 0u || m >= M || n >= N) {
    return;
  }
  for (var z = 1u; z < SLICES; z++) {
    //#repeat e SUMS
    sums[e] += stretches[(z * (SUMS + VECTORS) + e) * threads + place];
    //#endrepeat
//#if BIAS_GRADIENT
    //#repeat i VECTORS
    column_sums[i] += stretches[(z * (SUMS + VECTORS) + SUMS + i) * threads + place];
    //#endrepeat
//#endif
  }
//#endif

//#if BIAS_GRADIENT
  if (n == 0u) {
    //#repeat i VECTORS
    finish_bias(column_sums[i], m + 4u * i);
    //#endrepeat
  }
//#endif
  //#repeat j VECTORS
  let column = n + 4u * j;
  if (column < N) {
    let bias4 = load_bias(column);
    //#repeat i TILE
    if (m + i < M) {
      finish(scaled(sums[i * VECTORS + j], column) + bias4, m + i, column);
    }
    //#endrepeat
  }
  //#endrepeat
}
