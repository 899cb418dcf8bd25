// Matrix product through workgroup memory: a workgroup computes BM x BN outputs and brings BK columns of `a` and rows of
// `b` at a time into tiles that all of its threads read; each thread owns ROWS x COLUMNS of the outputs, in blocks of 4 x 4.
// Put behind matmul.wgsl, or what has the same functions (muon_product.wgsl). What GPUs like; on a processor its barriers are very dear. Each output's sum, or stretch of
// a sum, runs over k in order.
//
// The tiles are kept with k as the slow index, so that the inner loop reads whole vectors along m and n. They are filled
// in blocks of 4 x 4, transposed in registers where the operand lies the other way. A thread's blocks lie TY or TX vectors
// apart, and 32 neighbouring threads form 4 rows of 8: what they read and write at a time lies side by side. Vectors are
// kept at `place`, so that the four rows of a block that neighbours write at a time lie in banks of their own.
//
// AHEAD: there are two of each tile. What the next round of the loop computes with is read before this round computes, waits
// in registers, and goes into the tiles that this round does not read: one barrier a round instead of two. TILES: 2, else 1.
// WHOLE_TILES: BM, BN and BK divide M, N and K, and nothing has to be looked at before it is read.
// SPLIT: workgroup_id.z is one of SLICES stretches of SLICE of the k, and its sums go to `out` (SLICES, M, N) and `dbias`
// (SLICES, M), which another dispatch adds up (split-K, in combine.wgsl).
//
// With HALF the tiles are in f16: half the traffic, and room for more workgroups. Gradients (GRADIENT_SCALE, a power of
// two about the number of rows that a mean loss divides by) are brought into the middle of f16's range on the way in;
// sums are in f32 and are scaled back on the way out.
//
// Workgroup (TX * TY), multiples of 8 and of 4: BN = TX * COLUMNS, BM = TY * ROWS; ROWS4 = ROWS / 4, COLUMNS4 = COLUMNS / 4.
// BLOCKS_OF_K = BK / 4; FILLS blocks of the tiles are filled by each thread.

const THREADS = TX * TY;
const BM4 = TY * ROWS4;
const BN4 = TX * COLUMNS4;
const A_BLOCKS = BM4 * BLOCKS_OF_K;
const BLOCKS = A_BLOCKS + BN4 * BLOCKS_OF_K;

//#if HALF
alias Tile4 = vec4h;
fn to_tile(v: vec4f) -> vec4h {
  return narrow(v);
}
//#else
alias Tile4 = vec4f;
fn to_tile(v: vec4f) -> vec4f {
  return v;
}
//#endif

// Arrays of rows, which the inner loop, written out, names by constants: of an index that is none, Dawn makes sure each time.
var<workgroup> a_tile: array<array<array<Tile4, BM4>, BK>, TILES>;
var<workgroup> b_tile: array<array<array<Tile4, BN4>, BK>, TILES>;

// Where the vector is kept in a row of the tile that belongs to the block-th four of the k.
fn place(vector: u32, block: u32) -> u32 {
  return vector ^ ((block * (8u / BLOCKS_OF_K)) & 7u);
}

// Four numbers along the width of `a`; zero for a row that is outside of the matrix.
fn safe_a(row: u32, rows: u32, column: u32) -> vec4f {
//#if WHOLE_TILES
  return load_a(row * A_WIDTH, column);
//#else
  return select(vec4f(), load_a(min(row, rows - 1u) * A_WIDTH, column), row < rows && column < A_WIDTH);
//#endif
}

fn safe_b(row: u32, rows: u32, column: u32) -> vec4f {
//#if WHOLE_TILES
  return load_b(row * B_WIDTH, column);
//#else
  return select(vec4f(), load_b(min(row, rows - 1u) * B_WIDTH, column), row < rows && column < B_WIDTH);
//#endif
}

// A block of a tile: which four of the k, and which vector along m or n. Neighbouring threads read along memory.
struct Block {
  of_k: u32,
  vector: u32,
}

fn block_of_a(index: u32) -> Block {
//#if A_TRANSPOSED
  return Block(index / BM4, index % BM4);
//#else
  return Block(index % BLOCKS_OF_K, index / BLOCKS_OF_K);
//#endif
}

fn block_of_b(index: u32) -> Block {
//#if B_TRANSPOSED
  return Block(index % BLOCKS_OF_K, index / BLOCKS_OF_K);
//#else
  return Block(index / BN4, index % BN4);
//#endif
}

// Four vectors along m, of four k.
fn read_a(block: Block, m0: u32, k0: u32) -> mat4x4f {
  let m = m0 + 4u * block.vector;
  let k = k0 + 4u * block.of_k;
//#if A_TRANSPOSED
  let x = mat4x4f(safe_a(k, K, m), safe_a(k + 1u, K, m), safe_a(k + 2u, K, m), safe_a(k + 3u, K, m));
//#else
  let x = transpose(mat4x4f(safe_a(m, M, k), safe_a(m + 1u, M, k), safe_a(m + 2u, M, k), safe_a(m + 3u, M, k)));
//#endif
//#if HALF
  return x * GRADIENT_SCALE;
//#else
  return x;
//#endif
}

fn read_b(block: Block, n0: u32, k0: u32) -> mat4x4f {
  let n = n0 + 4u * block.vector;
  let k = k0 + 4u * block.of_k;
//#if B_TRANSPOSED
  return transpose(mat4x4f(safe_b(n, N, k), safe_b(n + 1u, N, k), safe_b(n + 2u, N, k), safe_b(n + 3u, N, k)));
//#else
  return mat4x4f(safe_b(k, K, n), safe_b(k + 1u, K, n), safe_b(k + 2u, K, n), safe_b(k + 3u, K, n));
//#endif
}

fn read_block(index: u32, m0: u32, n0: u32, k0: u32) -> mat4x4f {
  if (BLOCKS % THREADS != 0u && index >= BLOCKS) {
    return mat4x4f();
  }
  if (index < A_BLOCKS) {
    return read_a(block_of_a(index), m0, k0);
  }
  return read_b(block_of_b(index - A_BLOCKS), n0, k0);
}

fn keep_block(index: u32, x: mat4x4f, tile: u32) {
  if (index < A_BLOCKS) {
    let block = block_of_a(index);
    let row = 4u * block.of_k;
    let at = place(block.vector, block.of_k);
    a_tile[tile][row][at] = to_tile(x[0]);
    a_tile[tile][row + 1u][at] = to_tile(x[1]);
    a_tile[tile][row + 2u][at] = to_tile(x[2]);
    a_tile[tile][row + 3u][at] = to_tile(x[3]);
  } else if (index < BLOCKS) {
    let block = block_of_b(index - A_BLOCKS);
    let row = 4u * block.of_k;
    let at = place(block.vector, block.of_k);
    b_tile[tile][row][at] = to_tile(x[0]);
    b_tile[tile][row + 1u][at] = to_tile(x[1]);
    b_tile[tile][row + 2u][at] = to_tile(x[2]);
    b_tile[tile][row + 3u][at] = to_tile(x[3]);
  }
}

@compute @workgroup_size(THREADS)
fn matmul(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) index: u32) {
  const PATCHES = TX / 8u;  // of 4 x 8 threads, along n
  let x = (index / 32u % PATCHES) * 8u + index % 8u;
  let y = (index / 32u / PATCHES) * 4u + index % 32u / 8u;
  let own = share(workgroup);
  let m0 = own.y * BM4 * 4u;
  let n0 = own.x * BN4 * 4u;
//#if SPLIT
  let begin = workgroup.z * SLICE;
  let end = min(begin + SLICE, K);
//#else
  const begin = 0u;
  let end = own.z;
//#endif
  var sums: array<vec4f, SUMS>;  // row i, vector j of the thread's at i * COLUMNS4 + j
  var column_sum = vec4f();  // of the index-th vector of the workgroup's rows
  var av: array<vec4f, ROWS4>;
//#if AHEAD
  var ahead: array<mat4x4f, FILLS>;
  var tile = 0u;
  //#repeat i FILLS
  keep_block(index + i * THREADS, read_block(index + i * THREADS, m0, n0, begin), 0u);
  //#endrepeat
  workgroupBarrier();
//#else
  const tile = 0u;
//#endif
  for (var k0 = begin; k0 < end; k0 += BK) {
//#if AHEAD
    let more = k0 + BK < end;
    if (more) {
      //#repeat i FILLS
      ahead[i] = read_block(index + i * THREADS, m0, n0, k0 + BK);
      //#endrepeat
    }
//#else
    //#repeat i FILLS
    keep_block(index + i * THREADS, read_block(index + i * THREADS, m0, n0, k0), tile);
    //#endrepeat
    workgroupBarrier();
//#endif
    //#repeat block BLOCKS_OF_K
    //#repeat r 4
    //#repeat i ROWS4
    av[i] = vec4f(a_tile[tile][4u * block + r][place(y + i * TY, block)]);
    //#endrepeat
    //#repeat j COLUMNS4
    let bv = vec4f(b_tile[tile][4u * block + r][place(x + j * TX, block)]);
    //#repeat i ROWS4
    sums[4u * i * COLUMNS4 + j] += av[i].x * bv;
    sums[(4u * i + 1u) * COLUMNS4 + j] += av[i].y * bv;
    sums[(4u * i + 2u) * COLUMNS4 + j] += av[i].z * bv;
    sums[(4u * i + 3u) * COLUMNS4 + j] += av[i].w * bv;
    //#endrepeat
    //#endrepeat
    //#endrepeat
    //#endrepeat
//#if BIAS_GRADIENT
    if (n0 == 0u && index < BM4) {
      //#repeat block BLOCKS_OF_K
      //#repeat r 4
      column_sum += vec4f(a_tile[tile][4u * block + r][place(index, block)]);
      //#endrepeat
      //#endrepeat
    }
//#endif
//#if AHEAD
    tile = 1u - tile;
    if (more) {
      //#repeat i FILLS
      keep_block(index + i * THREADS, ahead[i], tile);
      //#endrepeat
    }
//#endif
    workgroupBarrier();
  }

//#if BIAS_GRADIENT
  if (n0 == 0u && index < BM4) {
//#if HALF
    column_sum /= GRADIENT_SCALE;
//#endif
    let m = m0 + 4u * index;
//#if SPLIT
    for (var r = 0u; r < 4u && m + r < M; r++) {
      dbias[workgroup.z * M + m + r] = column_sum[r];
    }
//#else
    finish_bias(column_sum, m);
//#endif
  }
//#endif
  //#repeat j COLUMNS4
  let n = n0 + 4u * (x + j * TX);
  if (n < N) {
    let bias4 = load_bias(n);
    var found: array<Beside, ROWS>; // of all columns at once it might not stay in registers
    //#repeat i ROWS4
    //#repeat r 4
    let m = m0 + 4u * (y + i * TY) + r;
    if (m < M) {
      found[4u * i + r] = beside(m, n);
    }
    //#endrepeat
    //#endrepeat
    //#repeat i ROWS4
    //#repeat r 4
    let m = m0 + 4u * (y + i * TY) + r;
    if (m < M) {
//#if HALF
      sums[(4u * i + r) * COLUMNS4 + j] /= GRADIENT_SCALE;
//#endif
//#if SPLIT
      finish(sums[(4u * i + r) * COLUMNS4 + j], found[4u * i + r], workgroup.z * M + m, n);
//#else
      finish(scaled(sums[(4u * i + r) * COLUMNS4 + j], n) + bias4, found[4u * i + r], m, n);
//#endif
    }
    //#endrepeat
    //#endrepeat
  }
  //#endrepeat
}
