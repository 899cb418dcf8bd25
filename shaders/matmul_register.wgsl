// Matrix product in registers: a thread owns ROWS x COLUMNS outputs and reads its operands straight from memory, four
// numbers at a time. Put behind matmul.wgsl, or what has the same functions (muon_product.wgsl). A larger tile reads each operand
// less often, a smaller one keeps more threads busy. Each output's sum runs over k in order, four at a time, as a dot product of
// four numbers of a row of `a` and four of a column of `b`: on a processor, a sum of scaled vectors would go through memory at
// each term.
//
// QUADS: the four threads of a quad lie side by side along n and need the same numbers of `a`: each reads a quarter, and
// they swap. A swap leaves each thread with the four quarters in an order of its own (that of thread `lane ^ s` comes
// s-th), and so with its rows in an order of its own, which only the way out has to know. Fewer reads; any other exchange
// costs a processor more than reading does.
// SLICES > 1: as many threads share each output, each taking a stretch of SLICE of the k, and the first one adds the
// stretches up in order (split-K): for products with few outputs and long sums, such as the gradients of weights.
//
// Workgroup (TX, TY, SLICES): thread x along n, y along m, z along k. ROWS and COLUMNS are multiples of 4, with QUADS and
// A_TRANSPOSED ROWS of 16; ROWS4 = ROWS / 4, COLUMNS4 = COLUMNS / 4, SUMS = ROWS * COLUMNS4. WHOLE: four divides K.
// READ: how much of `a` a thread reads itself at a time: rows, or with A_TRANSPOSED vectors of one k, which are STEP apart
// in its array.

//#if QUADS
enable subgroups;
diagnostic(off, subgroup_uniformity); // a quad has one m: it takes every branch together, which WGSL cannot know
//#endif

//#if SPLIT
// Per thread: its sums, then its column sums.
var<workgroup> stretches: array<vec4f, TX * TY * SLICES * (SUMS + ROWS4)>;
//#endif

fn at_k(k: u32) -> u32 {
//#if WHOLE
  return k;
//#else
  return min(k, K - 1u);
//#endif
}

// The vectors at `column` of four rows of `b`, which lies (K, N), from row k on. Past the end they repeat the last one,
// where `a` is zero.
fn four_rows_of_b(k: u32, column: u32) -> mat4x4f {
  return mat4x4f(
    load_b(at_k(k) * B_WIDTH, column),
    load_b(at_k(k + 1u) * B_WIDTH, column),
    load_b(at_k(k + 2u) * B_WIDTH, column),
    load_b(at_k(k + 3u) * B_WIDTH, column),
  );
}

// Four rows of `a`, which lies (K, M), of one k; zero from `end` on.
fn load_a_until(end: u32, k: u32, row: u32) -> vec4f {
  let v = load_a(at_k(k) * A_WIDTH, row);
//#if WHOLE
  return v;
//#else
  return select(vec4f(), v, k < end);
//#endif
}

@compute @workgroup_size(TX, TY, SLICES)
fn matmul(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_id) local: vec3u,
//#if QUADS
  @builtin(subgroup_invocation_id) invocation: u32,
//#endif
) {
  let block = share(workgroup);
  let m = (block.y * TY + local.y) * ROWS;
  let n = (block.x * TX + local.x) * COLUMNS;
  // row i of the tile is row m + (i ^ swapped) of the result
//#if QUADS
  let lane = invocation & 3u;
//#if A_TRANSPOSED
  let swapped = 4u * lane; // memory holds four rows of one k in a vector
//#else
  let swapped = lane;
//#endif
//#else
  const swapped = 0u;
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
  let end = min(begin + SLICE, block.z);
  var sums: array<vec4f, SUMS>;  // row i, vector j of the tile at i * COLUMNS4 + j

//#if A_TRANSPOSED
//#if BIAS_GRADIENT
  var column_sums: array<vec4f, READ>;
//#endif
  var av: array<vec4f, 4 * ROWS4>;  // of the k-th of four, vector i of the tile's rows at 4 * i + k
  for (var k = begin; k < end; k += 4u) {
    //#repeat i READ
    //#repeat s 4
//#if QUADS
    let mine = load_a_until(end, k + s, m + ((16u * i) ^ swapped));
    av[16u * i + s] = mine;
    av[16u * i + 4u + s] = quadSwapX(mine);
    av[16u * i + 8u + s] = quadSwapY(mine);
    av[16u * i + 12u + s] = quadSwapDiagonal(mine);
//#else
    av[4u * i + s] = load_a_until(end, k + s, m + 4u * i);
//#endif
    //#endrepeat
//#if BIAS_GRADIENT
    column_sums[i] += av[STEP * i] + av[STEP * i + 1u] + av[STEP * i + 2u] + av[STEP * i + 3u];
//#endif
    //#endrepeat
    //#repeat j COLUMNS4
    let b4 = four_rows_of_b(k, n + 4u * j);
    //#repeat i ROWS4
    //#repeat r 4
    sums[(4u * i + r) * COLUMNS4 + j] +=
      b4 * vec4f(av[4u * i][r], av[4u * i + 1u][r], av[4u * i + 2u][r], av[4u * i + 3u][r]);
    //#endrepeat
    //#endrepeat
    //#endrepeat
  }
//#else
  // `places` are the beginnings of the rows that this thread reads; those past the end repeat the last one, are read and
  // never stored
  var places: array<u32, READ>;
//#if QUADS
  //#repeat i ROWS4
  places[i] = min(m + 4u * i + lane, M - 1u) * A_WIDTH;
  //#endrepeat
//#else
  //#repeat i ROWS4
  //#repeat s 4
  places[4u * i + s] = min(m + 4u * i + s, M - 1u) * A_WIDTH;
  //#endrepeat
  //#endrepeat
//#endif
//#if B_TRANSPOSED
  var columns: array<u32, COLUMNS>;
  //#repeat j COLUMNS
  columns[j] = min(n + j, N - 1u) * B_WIDTH;
  //#endrepeat
//#endif
  var av: array<vec4f, ROWS>;
  for (var k = begin; k < end; k += 4u) {
    //#repeat i ROWS4
//#if QUADS
    let mine = load_a(places[i], k);
    av[4u * i] = mine;
    av[4u * i + 1u] = quadSwapX(mine);
    av[4u * i + 2u] = quadSwapY(mine);
    av[4u * i + 3u] = quadSwapDiagonal(mine);
//#else
    //#repeat s 4
    av[4u * i + s] = load_a(places[4u * i + s], k);
    //#endrepeat
//#endif
    //#endrepeat
    //#repeat j COLUMNS4
//#if B_TRANSPOSED
    let b4 = mat4x4f(
      load_b(columns[4u * j], k),
      load_b(columns[4u * j + 1u], k),
      load_b(columns[4u * j + 2u], k),
      load_b(columns[4u * j + 3u], k),
    );
    //#repeat i ROWS4
    //#repeat s 4
    sums[(4u * i + s) * COLUMNS4 + j] += av[4u * i + s] * b4;
    //#endrepeat
    //#endrepeat
//#else
    let b4 = four_rows_of_b(k, n + 4u * j);
    //#repeat i ROWS4
    //#repeat s 4
    sums[(4u * i + s) * COLUMNS4 + j] += b4 * av[4u * i + s];
    //#endrepeat
    //#endrepeat
//#endif
    //#endrepeat
  }
//#endif

//#if SPLIT
  let threads = TX * TY;
  let place = local.x + TX * local.y;
  //#repeat e SUMS
  stretches[(local.z * (SUMS + ROWS4) + e) * threads + place] = sums[e];
  //#endrepeat
//#if BIAS_GRADIENT
  //#repeat i ROWS4
  stretches[(local.z * (SUMS + ROWS4) + SUMS + i) * threads + place] = column_sums[i];
  //#endrepeat
//#endif
  workgroupBarrier();
  if (local.z > 0u || m >= M || n >= N) {
    return;
  }
  for (var z = 1u; z < SLICES; z++) {
    //#repeat e SUMS
    sums[e] += stretches[(z * (SUMS + ROWS4) + e) * threads + place];
    //#endrepeat
//#if BIAS_GRADIENT
    //#repeat i ROWS4
    column_sums[i] += stretches[(z * (SUMS + ROWS4) + SUMS + i) * threads + place];
    //#endrepeat
//#endif
  }
//#endif

//#if BIAS_GRADIENT
//#if QUADS
  if (n < 4u * COLUMNS) { // each of the first quad, for the rows that it has read itself
//#else
  if (n == 0u) {
//#endif
    //#repeat i READ
    finish_bias(column_sums[i], m + ((STEP * i) ^ swapped));
    //#endrepeat
  }
//#endif
  var biases: array<vec4f, COLUMNS4>;
  //#repeat j COLUMNS4
  biases[j] = load_bias(n + 4u * j); // past the end the last of them, which is never stored
  //#endrepeat
  var results = sums; // many rows leave in a loop, whose index would otherwise keep the sums in memory all along
  //#repeat i ROWS
  let row = m + (i ^ swapped);
  if (row < M) {
    //#repeat j COLUMNS4
    let column = n + 4u * j;
    if (column < N) {
      finish(scaled(results[i * COLUMNS4 + j], column) + biases[j], beside(row, column), row, column);
    }
    //#endrepeat
  }
  //#endrepeat
}
