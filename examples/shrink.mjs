// Trains a tiny GPT, makes it smaller in two ways and says what that costs, in Node over the package `webgpu`.
//
//     npm run build && node examples/shrink.mjs

import { openEngine } from 'inkling';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals); // GPUBufferUsage and the like
const gpu = create([]); // to be kept as long as the engine is

const text = 'She sells sea shells by the sea shore. '.repeat(100);
const engine = await openEngine(gpu);
const model = await engine.create({ text, preset: 'tiny', n_layer: 1 });
await model.train(text, { max_iters: 100, eval_interval: 100 });

// What each way would cost. The model as it is comes first, and is left as it is.
const study = model.studyShrinking(text, [
  { bits: 8 },
  { bits: 32, prune: { share: 0.5, scope: 'global' }, fine_tune: 40 },
]);
for await (const { variant, bytes, zeros, val_loss, control_val_loss } of study) {
  console.log(JSON.stringify({ variant, bytes, zeros, val_loss, control_val_loss }));
}

// Those two to keep: they write, and say how well they predict a text.
const packed = model.quantize(8);
console.log(`${packed.bits} bits: ${packed.bytes} bytes, loss ${(await packed.evaluate(text)).toFixed(3)}`);

const pruned = model.prune(0.5);
const before = await pruned.evaluate(text);
await pruned.fineTune(text, 40); // what is zero stays zero
console.log(
  `half of the weights: loss ${before.toFixed(3)}, after training on ${(await pruned.evaluate(text)).toFixed(3)}`,
);
console.log(`She${await pruned.write('She', { length: 60, temperature: 0 })}`);
await Promise.all([packed.release(), pruned.release()]);
engine.close();
