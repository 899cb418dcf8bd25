import type { Numbers } from './arrays.ts';

/** B sequences of T rows; NH heads of HS channels each; C = NH · HS. */
export interface AttentionShape {
  B: number;
  T: number;
  NH: number;
  HS: number;
}

type Part = 'q' | 'k' | 'v';
const PARTS: Part[] = ['q', 'k', 'v'];

/** Where channel `c` of head `h` of q, k or v stands in the packed [B, T, 3C] rows. */
function at({ T, NH, HS }: AttentionShape, part: Part, b: number, t: number, h: number, c: number): number {
  const C = NH * HS;
  return (b * T + t) * 3 * C + PARTS.indexOf(part) * C + h * HS + c;
}

/** Probabilities of one query row over the keys 0..t: softmax of q·k / √HS. */
function probabilities(qkv: Numbers, shape: AttentionShape, b: number, h: number, t: number): Float64Array {
  const scores = Float64Array.from({ length: t + 1 }, (_, s) => {
    let score = 0;
    for (let c = 0; c < shape.HS; c++) score += qkv[at(shape, 'q', b, t, h, c)]! * qkv[at(shape, 'k', b, s, h, c)]!;
    return score / Math.sqrt(shape.HS);
  });
  const top = scores.reduce((a, s) => Math.max(a, s));
  const weights = scores.map((s) => Math.exp(s - top));
  const total = weights.reduce((a, w) => a + w);
  return weights.map((w) => w / total);
}

/** Calls `visit` for every query row. */
function eachQuery({ B, T, NH }: AttentionShape, visit: (b: number, h: number, t: number) => void): void {
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < NH; h++) {
      for (let t = 0; t < T; t++) visit(b, h, t);
    }
  }
}

/** What each probability is multiplied by: row (b NH + h) T + t, key s. All ones without dropout. */
export type AttentionMask = (row: number, s: number) => number;

const ONES: AttentionMask = () => 1;

/** Causal attention: out[b,t,h·HS+c] = Σ over s ≤ t of mask p[t,s] v[s,c]. [B, T, 3C] → [B, T, C]. */
export function attention(qkv: Numbers, shape: AttentionShape, mask = ONES): Float64Array {
  const { B, T, NH, HS } = shape;
  const out = new Float64Array(B * T * NH * HS);
  eachQuery(shape, (b, h, t) => {
    const p = probabilities(qkv, shape, b, h, t);
    for (let c = 0; c < HS; c++) {
      for (let s = 0; s <= t; s++) {
        const kept = p[s]! * mask((b * NH + h) * T + t, s);
        out[(b * T + t) * NH * HS + h * HS + c]! += kept * qkv[at(shape, 'v', b, s, h, c)]!;
      }
    }
  });
  return out;
}

/**
 * dp[t,s] = mask do[t]·v[s]; softmax turns it into ds = p (dp − Σ p dp); from there
 * dq[t] += ds k[s] / √HS, dk[s] += ds q[t] / √HS, and dv[s] += mask p do[t].
 */
export function attentionBackward(qkv: Numbers, dout: Numbers, shape: AttentionShape, mask = ONES): Float64Array {
  const { T, NH, HS } = shape;
  const dqkv = new Float64Array(qkv.length);
  eachQuery(shape, (b, h, t) => {
    const p = probabilities(qkv, shape, b, h, t);
    const row = (b * T + t) * NH * HS + h * HS;
    const dp = p.map((_, s) => {
      let total = 0;
      for (let c = 0; c < HS; c++) total += dout[row + c]! * qkv[at(shape, 'v', b, s, h, c)]!;
      return total * mask((b * NH + h) * T + t, s);
    });
    const mean = p.reduce((total, w, s) => total + w * dp[s]!, 0);
    for (let s = 0; s <= t; s++) {
      const ds = (p[s]! * (dp[s]! - mean)) / Math.sqrt(HS);
      for (let c = 0; c < HS; c++) {
        dqkv[at(shape, 'q', b, t, h, c)]! += ds * qkv[at(shape, 'k', b, s, h, c)]!;
        dqkv[at(shape, 'k', b, s, h, c)]! += ds * qkv[at(shape, 'q', b, t, h, c)]!;
        dqkv[at(shape, 'v', b, s, h, c)]! += p[s]! * mask((b * NH + h) * T + t, s) * dout[row + c]!;
      }
    }
  });
  return dqkv;
}
