// Token and position embedding.
//
//   out[b, t, c] = wte[tokens[b, t], c] + wpe[t, c]
//
// Backward gathers instead of scattering: each row of the two tables collects, in the order of the batch, what was
// read from it. No atomics, so the sum is the same in every run.
//   dwte[v, c] (= or +=, DWTE_ACCUMULATE) sum over b, t with tokens[b, t] = v of dout[b, t, c]
//   dwpe[t, c] (= or +=, DWPE_ACCUMULATE) sum over b of dout[b, t, c];  0 for t past the batch's context
//
// Sizes: B batch, T tokens a sequence, T_MAX rows of wpe, V rows of wte, C channels in WIDTH pieces: of four where four
// divides C (VEC4), otherwise of one; SHARES = ceil(WIDTH / PIECES).

//#if VEC4
alias Piece = vec4f;
//#else
alias Piece = f32;
//#endif
@group(0) @binding(0) var<storage, read> tokens: array<u32>;        // (B, T)
@group(0) @binding(1) var<storage, read> wte: array<Piece>;         // (V, C)
@group(0) @binding(2) var<storage, read> wpe: array<Piece>;         // (T_MAX, C)
@group(0) @binding(3) var<storage, read_write> out: array<Piece>;   // (B, T, C)
@group(0) @binding(4) var<storage, read> dout: array<Piece>;        // (B, T, C)
@group(0) @binding(5) var<storage, read_write> dwte: array<Piece>;  // (V, C)
@group(0) @binding(6) var<storage, read_write> dwpe: array<Piece>;  // (T_MAX, C)

// A thread for each piece of `out`.
@compute @workgroup_size(64)
fn embedding(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= B * T * WIDTH) {
    return;
  }
  let row = i / WIDTH;
  let c = i % WIDTH;
  out[i] = wte[tokens[row] * WIDTH + c] + wpe[(row % T) * WIDTH + c];
}

// A thread for PIECES pieces of a row of the two tables: first the V rows of dwte, then the T_MAX rows of dwpe. Each
// looks at every token: where threads are few, larger shares make fewer looks.
@compute @workgroup_size(16)
fn embedding_backward(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 16u + local;
  if (i >= (V + T_MAX) * SHARES) {
    return;
  }
  let row = i / SHARES;
  let c = (i % SHARES) * PIECES;
  var sums: array<Piece, PIECES>;
  if (row < V) {
    for (var n = 0u; n < B * T; n++) {
      // an `if` in disguise: software adapters go through an `if` that no thread takes, but not through a loop
      for (var here = tokens[n] == row; here; here = false) {
        //#repeat j PIECES
        sums[j] += dout[n * WIDTH + c + j];
        //#endrepeat
      }
    }
    //#repeat j PIECES
    if (c + j < WIDTH) {
//#if DWTE_ACCUMULATE
      dwte[row * WIDTH + c + j] += sums[j];
//#else
      dwte[row * WIDTH + c + j] = sums[j];
//#endif
    }
    //#endrepeat
    return;
  }
  let t = row - V;
  if (t < T) {
    for (var b = 0u; b < B; b++) {
      //#repeat j PIECES
      sums[j] += dout[(b * T + t) * WIDTH + c + j];
      //#endrepeat
    }
  }
  //#repeat j PIECES
  if (c + j < WIDTH) {
//#if DWPE_ACCUMULATE
    dwpe[t * WIDTH + c + j] += sums[j];
//#else
    dwpe[t * WIDTH + c + j] = sums[j];
//#endif
  }
  //#endrepeat
}
