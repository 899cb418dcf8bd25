// The window of each sequence that the model reads: where generation stands, and the tokens that come in there.
//
// A sequence's tokens have numbers from 0 on; the last T of them are kept in a ring, token n at n % T. The model's window
// begins with token `first`; its rows up to `position` have been read, and their keys and values are in the cache.
// Sizes: B sequences, R rows read at a time, T places of a ring and rows of wpe, C channels in WIDTH pieces: of four
// where four divides C (VEC4), otherwise of one. Put behind table_rows.wgsl.

struct State {
  position: u32,  // of the next row to read, counted from the window's begin
  count: u32,     // tokens of the sequence
  first: u32,     // number of the window's first token
  unused: u32,
}

//#if VEC4
alias Piece = vec4f;
//#else
alias Piece = f32;
//#endif
@group(0) @binding(0) var<storage, read> state: array<State>;             // (B)
@group(0) @binding(1) var<storage, read> history: array<u32>;             // (B, T)
//#if PACKED
@group(0) @binding(2) var<storage, read> wte: array<u32>;                 // (V, WORDS): see packed.wgsl
@group(0) @binding(3) var<storage, read> wpe: array<u32>;                 // (T, WORDS)
@group(0) @binding(6) var<storage, read> wte_scale: array<f32>;           // (V)
@group(0) @binding(7) var<storage, read> wpe_scale: array<f32>;           // (T)
//#else
@group(0) @binding(2) var<storage, read> wte: array<Piece>;               // (V, C)
@group(0) @binding(3) var<storage, read> wpe: array<Piece>;               // (T, C)
//#endif
@group(0) @binding(4) var<storage, read_write> out: array<Piece>;         // (B, R, C)
@group(0) @binding(5) var<storage, read_write> next_state: array<State>;  // (B)

// out[b, r] = wte[token] + wpe[position + r], the token being the one at that position of the window. Rows past the
// window's end are of whatever tokens the ring holds: nobody reads what becomes of them. A thread for each piece.
@compute @workgroup_size(64)
fn embed_window(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = (workgroup.x + workgroup.y * workgroups.x) * 64u + local;
  if (i >= B * R * WIDTH) {
    return;
  }
  let row = i / WIDTH;
  let c = i % WIDTH;
  let b = row / R;
  let position = state[b].position + row % R;
  let token = history[b * T + (state[b].first + position) % T];
  out[i] = token_piece(token, c) + position_piece(min(position, T - 1u), c);
}

// R rows have been read into the cache; the window's last row is left to the step that draws what follows it.
@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) thread: vec3u) {
  let b = thread.x;
  if (b >= B) {
    return;
  }
  let now = next_state[b];
  next_state[b].position = min(now.position + R, now.count - now.first - 1u);
}
