// Trains a tiny GPT on a text of its own, writes with it, saves it and loads it again, in Node over the package `webgpu`.
//
//     npm run build && node examples/node.mjs

import { openEngine } from 'inkling';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals); // GPUBufferUsage and the like
const gpu = create([]); // to be kept as long as the engine is

const text = 'She sells sea shells by the sea shore. '.repeat(100);
const engine = await openEngine(gpu);
const model = await engine.create({ text, preset: 'tiny', n_layer: 1 });
const { val_loss } = await model.train(text, { max_iters: 150, eval_interval: 75 });
console.log(`${engine.adapter}: ${model.parameters} parameters, validation loss ${val_loss?.toFixed(3)}`);

const written = await model.write('She', { length: 60, temperature: 0 });
console.log(`She${written}`);

const file = model.save(); // a Uint8Array: write it where you like
const same = await engine.load(file);
console.log('loaded again:', (await same.write('She', { length: 60, temperature: 0 })) === written);
engine.close();
