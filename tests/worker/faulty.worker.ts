import { expose } from 'comlink';
import { RunStore } from '../../src/storage/run-store.ts';
import { Session } from '../../src/worker/session.ts';

// The session as in src/worker/session.worker.ts, with a way to take its device from under it.

const devices: GPUDevice[] = [];

function watched<T extends object>(target: T, name: keyof T, wrap: (result: never) => unknown): T {
  return new Proxy(target, {
    get(object, property) {
      const value = Reflect.get(object, property);
      if (typeof value !== 'function') return value;
      if (property !== name) return value.bind(object);
      return async (...args: unknown[]) => wrap((await value.apply(object, args)) as never);
    },
  });
}

const gpu = watched(navigator.gpu, 'requestAdapter', (adapter: GPUAdapter) =>
  watched(adapter, 'requestDevice', (device: GPUDevice) => {
    devices.push(device);
    return device;
  }),
);

export type FaultySession = Session & { destroyDevice(): void };

const session = new Session(gpu, isSecureContext, RunStore.open);
expose(Object.assign(session, { destroyDevice: () => devices.at(-1)!.destroy() }));
