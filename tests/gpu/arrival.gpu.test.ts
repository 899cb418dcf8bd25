import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { arrived, watchArrivals } from '../../src/gpu/arrival.ts';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { readBuffer } from '../../src/gpu/readback.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice(navigator.gpu);
});
afterAll(() => device.gpu.destroy());

/** What `work` has submitted. */
async function submitted(work: () => Promise<unknown>): Promise<number> {
  const submit = vi.spyOn(device.gpu.queue, 'submit');
  try {
    await work();
    return submit.mock.calls.length;
  } finally {
    submit.mockRestore();
  }
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a browser that tells the end of work in time is left alone', async () => {
  expect(await watchArrivals(device.gpu, Number.POSITIVE_INFINITY)).toBe(false); // whatever it takes is soon enough
  expect(await submitted(() => arrived(device.gpu, wait(40)))).toBe(0);
});

test('Firefox looks now and then, Chrome always', async () => {
  expect(await watchArrivals(device.gpu)).toBe(/Firefox/.test(navigator.userAgent));
});

test('one that looks only now and then is made to look, as long as something is awaited', async () => {
  expect(await watchArrivals(device.gpu, 0)).toBe(true); // whatever it takes is too late
  const submit = vi.spyOn(device.gpu.queue, 'submit');
  const looks = () => submit.mock.calls.length;
  const afterMore = async (more: number) => {
    const before = looks();
    await expect.poll(looks, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(before + more);
  };
  await arrived(device.gpu, afterMore(3));
  const soon = arrived(device.gpu, wait(5));
  let end = () => {};
  const late = arrived(
    device.gpu,
    new Promise<void>((resolve) => {
      end = resolve;
    }),
  );
  await soon;
  await afterMore(3); // to the end of the later one
  end();
  await late;
  submit.mockRestore();
  expect(await submitted(() => wait(40))).toBe(0);
  const failed = arrived(device.gpu, Promise.reject(new Error('lost')));
  await expect(failed).rejects.toThrow('lost');
  expect(await submitted(() => wait(40))).toBe(0);

  const { COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffer = device.gpu.createBuffer({ size: 16, usage: COPY_SRC | COPY_DST });
  device.gpu.queue.writeBuffer(buffer, 0, Uint32Array.of(1, 2, 3, 4));
  expect(new Uint32Array(await readBuffer(device.gpu, buffer, 0, 16))).toEqual(Uint32Array.of(1, 2, 3, 4));
  buffer.destroy();
});
