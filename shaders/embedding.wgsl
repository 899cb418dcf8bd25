// Token and position embedding.
//
//   out[b, t, c] = wte[tokens[b, t], c] + wpe[t, c]
//
// Backward: each row of the two tables collects, in the order of the batch, what was read from it. No atomics, so the sum
// is the same in every run.
//   dwte[v, c] (= or +=, DWTE_ACCUMULATE) sum over b, t with tokens[b, t] = v of dout[b, t, c]
//   dwpe[t, c] (= or +=, DWPE_ACCUMULATE) sum over b of dout[b, t, c];  0 for t past the batch's context
// Where there are many tokens, dwte is left in CHUNKS parts (CHUNKS, V, C), each over CHUNK tokens, for combine.wgsl.
//
// Sizes: B batch, T tokens a sequence, T_MAX rows of wpe, V rows of wte, C channels in WIDTH pieces: of four where four
// divides C (VEC4), otherwise of one. GATHERERS threads a column: CHUNKS * V, or 1 with SCATTER. Put behind table_rows.wgsl.

//#if VEC4
alias Piece = vec4f;
//#else
alias Piece = f32;
//#endif
@group(0) @binding(0) var<storage, read> tokens: array<u32>;        // (B, T)
//#if PACKED
@group(0) @binding(1) var<storage, read> wte: array<u32>;           // (V, WORDS): see packed.wgsl
@group(0) @binding(2) var<storage, read> wpe: array<u32>;           // (T_MAX, WORDS)
@group(0) @binding(7) var<storage, read> wte_scale: array<f32>;     // (V)
@group(0) @binding(8) var<storage, read> wpe_scale: array<f32>;     // (T_MAX)
//#else
@group(0) @binding(1) var<storage, read> wte: array<Piece>;         // (V, C)
@group(0) @binding(2) var<storage, read> wpe: array<Piece>;         // (T_MAX, C)
//#endif
@group(0) @binding(3) var<storage, read_write> out: array<Piece>;   // (B, T, C)
@group(0) @binding(4) var<storage, read> dout: array<Piece>;        // (B, T, C)
@group(0) @binding(5) var<storage, read_write> dwte: array<Piece>;  // (CHUNKS, V, C)
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
  out[i] = token_piece(tokens[row], c) + position_piece(row % T, c);
}

// Where threads are dear (SCATTER), a thread for each column of dwte walks the tokens and adds each to its row: nobody
// else has that column, and the order is the batch's. Otherwise a thread for each piece of dwte looks at every
// token of its chunk.
// Then a thread for each piece of dwpe.
@compute @workgroup_size(16)
fn embedding_backward(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 16u + local;
  if (i >= (GATHERERS + T_MAX) * WIDTH) {
    return;
  }
  let row = i / WIDTH;
  let c = i % WIDTH;
  if (row < GATHERERS) {
//#if SCATTER
//#if !DWTE_ACCUMULATE
    for (var v = 0u; v < V; v++) {
      dwte[v * WIDTH + c] = Piece();
    }
//#endif
    for (var n = 0u; n < B * T; n++) {
      dwte[tokens[n] * WIDTH + c] += dout[n * WIDTH + c];
    }
//#else
    let token = row % V;
    let first = row / V * CHUNK;
    var sum = Piece();
    let end = min(first + CHUNK, B * T);
    for (var n = first; n < end; n += 32u) {
      var hits = 0u; // which of 32 tokens it is: read together, none waits for what is done about another
      for (var i = 0u; i < 32u; i++) {
        hits |= select(0u, 1u << i, n + i < end && tokens[min(n + i, B * T - 1u)] == token);
      }
      for (; hits != 0u; hits &= hits - 1u) {
        sum += dout[(n + firstTrailingBit(hits)) * WIDTH + c];
      }
    }
//#if DWTE_ACCUMULATE
    dwte[i] += sum;
//#else
    dwte[i] = sum;
//#endif
//#endif
    return;
  }
  let t = row - GATHERERS;
  var sum = Piece();
  if (t < T) {
    for (var b = 0u; b < B; b++) {
      sum += dout[(b * T + t) * WIDTH + c];
    }
  }
//#if DWPE_ACCUMULATE
  dwpe[t * WIDTH + c] += sum;
//#else
  dwpe[t * WIDTH + c] = sum;
//#endif
}
