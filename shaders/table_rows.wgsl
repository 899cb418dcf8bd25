// Rows of the two embedding tables wte and wpe, packed or not. Put in front of a shader that declares them, with WIDTH
// pieces a row: of four numbers with VEC4, otherwise of one.

//#if PACKED
fn piece_of(word: u32, c: u32) -> Piece {
//#if VEC4
  return unpack4(word, c % PARTS);
//#else
  return unpack1(word, c % PER_WORD);
//#endif
}

// Of row `row` of the two tables, piece `c`.
fn token_piece(row: u32, c: u32) -> Piece {
  return piece_of(wte[row * WORDS + c / PIECES_PER_WORD], c) * wte_scale[row];
}

fn position_piece(row: u32, c: u32) -> Piece {
  return piece_of(wpe[row * WORDS + c / PIECES_PER_WORD], c) * wpe_scale[row];
}
//#else
fn token_piece(row: u32, c: u32) -> Piece {
  return wte[row * WIDTH + c];
}

fn position_piece(row: u32, c: u32) -> Piece {
  return wpe[row * WIDTH + c];
}
//#endif
