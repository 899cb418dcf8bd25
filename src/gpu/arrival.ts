/** How often the browser is made to look, in milliseconds: a worker's timers are no finer. */
const LOOK_MS = 4;
/** A browser that does not tell an idle queue's end sooner than this, twice running, looks only now and then. */
const TARDY_MS = 60;
const PROBES = 3;

/** What is awaited from a device. */
interface Watch {
  /** Whether the browser has to be made to look. */
  tardy: boolean;
  /** Promises that have not settled. */
  waiting: number;
  timer: ReturnType<typeof setInterval> | undefined;
}

const watches = new WeakMap<GPUDevice, Watch>();

function watchOf(device: GPUDevice): Watch {
  const watch = watches.get(device) ?? { tardy: false, waiting: 0, timer: undefined };
  watches.set(device, watch);
  return watch;
}

/**
 * Finds out how late the browser tells that an idle queue is done; to be called before anything is submitted. Firefox (153)
 * looks every 100 ms what its GPU has finished (Bugzilla 1870699), and at each submit; Chrome takes a millisecond.
 *
 * Resolves whether results have to be fetched by submits. `tardy_ms` is for tests. Never throws.
 */
export async function watchArrivals(device: GPUDevice, tardy_ms = TARDY_MS): Promise<boolean> {
  const watch = watchOf(device);
  let told = await asked(device);
  let soon = 0;
  for (let probe = 0; probe < PROBES && soon < 2; probe++) {
    const before = told;
    told = await asked(device);
    // Once is not enough: a thread that was busy has heard of one look late, and so of the next one soon after.
    soon = told - before < tardy_ms ? soon + 1 : 0;
  }
  watch.tardy = soon < 2;
  return watch.tardy;
}

/** Whether results have to be fetched by submits, and so arrive up to a look too late. */
export function isTardy(device: GPUDevice): boolean {
  return watchOf(device).tardy;
}

/** When the browser tells that the queue is done. */
async function asked({ queue }: GPUDevice): Promise<number> {
  await queue.onSubmittedWorkDone().catch(() => {});
  return performance.now();
}

/**
 * Waits for what the device promises once its GPU has done something: a mapping, or the end of all work. Where the browser
 * would look too late by itself, a submit of nothing makes it look every few milliseconds meanwhile.
 */
export async function arrived<T>(device: GPUDevice, promise: Promise<T>): Promise<T> {
  const watch = watchOf(device);
  watch.waiting += 1;
  if (watch.tardy) watch.timer ??= setInterval(() => device.queue.submit([]), LOOK_MS);
  try {
    return await promise;
  } finally {
    watch.waiting -= 1;
    if (watch.waiting === 0) {
      clearInterval(watch.timer);
      watch.timer = undefined;
    }
  }
}
