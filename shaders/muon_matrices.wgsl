// The matrices that Muon treats in one dispatch, and which of its workgroups are whose. A uniform buffer, because barriers depend
// on it (see draw_token.wgsl). Put in front of muon.wgsl and muon_product.wgsl. A workgroup has a block of EDGE x EDGE of the
// results; the table has a column for each of the two EDGEs there are, and WHICH is the one in use. WORKGROUPS in all; a dispatch
// has ACROSS in a row. Sizes: MATRICES.

struct Matrix {
  at: u32,            // first element, counted from HIDDEN_FROM
  rows: u32,
  columns: u32,
  gram_at: u32,       // first element of its Gram matrix, of min(rows, columns) squared
  gram_first: vec2u,  // its first workgroup where a Gram matrix is made, of which half the blocks are enough
  first: vec2u,       // its first workgroup where a matrix like itself is made
}

@group(0) @binding(0) var<uniform> matrices: array<Matrix, MATRICES>;

fn blocks(length: u32) -> u32 {
  return (length + EDGE - 1u) / EDGE;
}

// The number of the matrix that a workgroup works on: the last that begins no later.
fn number_of(workgroup: u32, is_gram: bool) -> u32 {
  var low = 0u;
  for (var high = MATRICES; high - low > 1u;) {
    let middle = (low + high) / 2u;
    let first = select(matrices[middle].first[WHICH], matrices[middle].gram_first[WHICH], is_gram);
    if (first <= workgroup) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

fn matrix_of(workgroup: u32, is_gram: bool) -> Matrix {
  return matrices[number_of(workgroup, is_gram)];
}
