import type { WalkView, WeightUpdate } from '../../../worker/inspection/messages.ts';
import { allDigits as d } from '../../format.ts';
import { UPDATE } from '../../strings/inside.ts';

/** A line of the table of an update. */
export interface UpdateRow {
  quantity: string;
  formula: string;
  value: string;
}

/** The step of the optimizer for one weight, line by line: optimizer.wgsl with the numbers put in. */
export function updateRows(walk: WalkView, update: WeightUpdate, decays: boolean): UpdateRow[] {
  const { training, clip, grad_norm, lr, corrections } = walk;
  const { optimizer, beta1, beta2, eps, momentum, nesterov } = training;
  const rows: UpdateRow[] = [];
  const line = (quantity: string, formula: string, value: number) => {
    rows.push({ quantity, formula, value: d(value) });
    return value;
  };
  const [old, next] = update.weight;

  line(UPDATE.gradient, 'g = ∂ loss / ∂ w', update.gradient);
  const limit = training.grad_clip > 0 ? `min(1, ${training.grad_clip} / (${d(grad_norm)} + 1e−6))` : '1';
  line(UPDATE.clip, `c = ${limit}`, clip);
  let g = line(UPDATE.clipped, `g c = ${d(update.gradient)} · ${d(clip)}`, update.gradient * clip);
  if (training.l2 > 0 && decays) g = line(UPDATE.withL2, `${d(g)} + ${training.l2} · ${d(old)}`, g + training.l2 * old);
  line(UPDATE.lr, 'lr', lr);

  let direction: number;
  if (update.orthogonal !== undefined) {
    if (update.moment1) line(UPDATE.velocity, `m = ${momentum} · ${d(update.moment1[0])} + ${d(g)}`, update.moment1[1]);
    direction = line(UPDATE.muon, 'o', update.orthogonal);
  } else if (optimizer === 'sgd') {
    const m = update.moment1;
    if (m) line(UPDATE.velocity, `m = ${momentum} · ${d(m[0])} + ${d(g)}`, m[1]);
    direction = !m ? g : nesterov ? g + momentum * m[1] : m[1];
    line(UPDATE.direction, !m ? 'g' : nesterov ? `${d(g)} + ${momentum} · ${d(m[1])}` : 'm', direction);
  } else if (optimizer === 'lion') {
    const [before, after] = update.moment1!;
    direction = Math.sign(beta1 * before + (1 - beta1) * g);
    line(UPDATE.direction, `sign(${beta1} · ${d(before)} + ${d(1 - beta1)} · ${d(g)})`, direction);
    line(UPDATE.moment1, `m = ${beta2} · ${d(before)} + ${d(1 - beta2)} · ${d(g)}`, after);
  } else {
    const [m0, m] = update.moment1!;
    const [v0, v] = update.moment2!;
    line(UPDATE.moment1, `m = ${beta1} · ${d(m0)} + ${d(1 - beta1)} · ${d(g)}`, m);
    line(UPDATE.moment2, `v = ${beta2} · ${d(v0)} + ${d(1 - beta2)} · (${d(g)})²`, v);
    const mean = line(UPDATE.corrected1, `${d(m)} · ${d(corrections[0])}`, m * corrections[0]);
    const square = line(UPDATE.corrected2, `${d(v)} · ${d(corrections[1])}`, v * corrections[1]);
    direction = mean / (Math.sqrt(square) + eps);
    line(UPDATE.direction, `${d(mean)} / (√${d(square)} + ${d(eps)})`, direction);
  }

  const decay = decays ? training.weight_decay : 0;
  rows.push({
    quantity: UPDATE.decay,
    formula: decay > 0 ? `1 − ${d(lr)} · ${decay}` : UPDATE.noDecay,
    value: d(1 - lr * decay),
  });
  line(UPDATE.old, 'w', old);
  line(UPDATE.next, `${d(old)}${decay > 0 ? ` · ${d(1 - lr * decay)}` : ''} − ${d(lr)} · ${d(direction)}`, next);
  line(UPDATE.change, 'w′ − w', next - old);
  if (update.average) {
    const [a0, a1] = update.average;
    line(UPDATE.average, `${d(a0)} + ${d(walk.average_rate)} · (${d(next)} − ${d(a0)})`, a1);
  }
  return rows;
}
