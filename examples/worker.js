// Trains a tiny GPT in a Web Worker, and streams what it writes to the page:
//
//     const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
//     worker.onmessage = ({ data }) => console.log(data);
//     worker.postMessage({ text: 'The text to learn', prompt: 'The' });

import { InklingError, openEngine } from 'inkling';

addEventListener('message', async ({ data: { text, prompt } }) => {
  try {
    const engine = await openEngine(navigator.gpu);
    const model = await engine.create({ text, preset: 'tiny' });
    await model.train(text, {
      max_iters: 60,
      onStep: ({ step, loss }) => postMessage({ step, loss }),
    });
    for await (const piece of model.stream(prompt, { length: 80, temperature: 0.5, stop: '.' })) {
      postMessage({ piece });
    }
    engine.close();
    postMessage({ done: true });
  } catch (error) {
    const { message, hint } = error instanceof InklingError ? error : { message: String(error), hint: '' };
    postMessage({ error: `${message} ${hint}` });
  }
});
