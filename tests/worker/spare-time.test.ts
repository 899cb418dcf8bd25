import { expect, test } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { SpareTime } from '../../src/worker/spare-time.ts';

test('whoever waits for the GPU to be returned has it when the work on it has ended, however that ends', async () => {
  const spare = new SpareTime(
    async () => ({}) as Device,
    () => false,
  );
  await spare.returned(); // it has not been lent
  for (const failure of [null, new Error('It was ended.')]) {
    const order: string[] = [];
    let end = () => {};
    const work = spare.use(
      () =>
        new Promise<void>((resolve, reject) => {
          end = () => {
            order.push('ended');
            if (failure === null) resolve();
            else reject(failure);
          };
        }),
    );
    const outcome = work.catch((error: unknown) => error);
    const returned = spare.returned().then(() => order.push('returned'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(order).toEqual([]);
    end();
    await returned;
    expect(order).toEqual(['ended', 'returned']);
    expect(await outcome).toBe(failure ?? undefined);
  }
});
