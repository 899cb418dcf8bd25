import type { Numbers } from './arrays.ts';

export interface EmbeddingShape {
  B: number;
  T: number;
  C: number;
}

/** out[b,t,:] = wte[tokens[b,t],:] + wpe[t,:], with wte [V, C] and wpe [at least T, C]. */
export function embedding(tokens: Numbers, wte: Numbers, wpe: Numbers, { B, T, C }: EmbeddingShape): Float64Array {
  const out = new Float64Array(B * T * C);
  for (let n = 0; n < B * T; n++) {
    for (let c = 0; c < C; c++) out[n * C + c] = wte[tokens[n]! * C + c]! + wpe[(n % T) * C + c]!;
  }
  return out;
}

/** Each row of dout goes to the row of its token and to the row of its position. */
export function embeddingBackward(
  tokens: Numbers,
  dout: Numbers,
  { B, T, C }: EmbeddingShape,
  rows: { wte: number; wpe: number },
): { dwte: Float64Array; dwpe: Float64Array } {
  const dwte = new Float64Array(rows.wte * C);
  const dwpe = new Float64Array(rows.wpe * C);
  for (let n = 0; n < B * T; n++) {
    for (let c = 0; c < C; c++) {
      dwte[tokens[n]! * C + c]! += dout[n * C + c]!;
      dwpe[(n % T) * C + c]! += dout[n * C + c]!;
    }
  }
  return { dwte, dwpe };
}
