import { afterEach, describe, expect, test, vi } from 'vitest';
import '../../src/ui/charts/series-chart.ts';
import type { Range, Series } from '../../src/ui/charts/series.ts';
import type { SeriesChart } from '../../src/ui/charts/series-chart.ts';
import { RunHistory } from '../../src/ui/run-history.ts';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A chart on the page, drawn for the first time. */
async function mount(properties: Partial<SeriesChart>): Promise<SeriesChart> {
  const chart = document.createElement('series-chart');
  chart.style.setProperty('width', '600px');
  Object.assign(chart, properties);
  document.body.append(chart);
  await expect.poll(() => chart.renderRoot.querySelector('canvas')).not.toBeNull();
  return chart;
}

afterEach(() => document.body.replaceChildren());

/** A curve of a run of so many steps, as the page draws it. */
function curveOf(history: RunHistory): Series {
  const { x, mean, low, high } = history.loss;
  return { label: 'loss', colour: '--accent', x, y: mean, low, high };
}

function append(history: RunHistory, from: number, to: number): void {
  for (let step = from; step < to; step++) history.append({ step, loss: 1 + Math.sin(step), lr: 1, grad_norm: 1 });
}

describe('a chart that grows', () => {
  test('is drawn at most ten times a second, and at last with all that came', async () => {
    const history = new RunHistory();
    const chart = await mount({ series: [curveOf(history)] });
    const drawn = vi.spyOn(CanvasRenderingContext2D.prototype, 'clearRect');
    const seconds = 1.5;
    const end = performance.now() + 1000 * seconds;
    let step = 0;
    while (performance.now() < end) {
      append(history, step + 1, step + 11);
      step += 10;
      chart.revision = step;
      await wait(4);
    }
    const times = drawn.mock.calls.length;
    drawn.mockRestore();
    expect(step).toBeGreaterThan(500);
    expect(times).toBeGreaterThan(3);
    expect(times).toBeLessThanOrEqual(10 * seconds + 1);
    await wait(150);
    expect(chart.csv().trimEnd().split('\n').at(-1)).toContain(`${step},`);
  });

  test('is drawn as fast after a million points as after two thousand', async () => {
    const history = new RunHistory();
    const chart = await mount({ series: [curveOf(history)] });
    /** Median of the time that a drawing takes, everything in it. */
    const timed = async (from: number, to: number): Promise<number> => {
      append(history, from, to);
      const times: number[] = [];
      for (let i = 0; i < 9; i++) {
        const drawn = new Promise<number>((resolve) => {
          const schedule = vi.spyOn(window, 'setTimeout').mockImplementation(((draw: () => void) => {
            schedule.mockRestore();
            const started = performance.now();
            draw();
            queueMicrotask(() => resolve(performance.now() - started)); // uPlot draws in a microtask
            return 0;
          }) as never);
        });
        chart.revision = to + i;
        times.push(await drawn);
      }
      return times.sort((a, b) => a - b)[4]!;
    };
    const early = await timed(1, 2001);
    const late = await timed(2001, 1_000_001);
    console.log(`drawn in ${early.toFixed(1)} ms after 2,000 points, ${late.toFixed(1)} ms after 1,000,000`);
    expect(late).toBeLessThan(4 * early + 10);
    expect(late).toBeLessThan(50);
  });
});

/** A chart of 101 points, what it tells of its zoom, and events at shares of its width. */
async function touchable() {
  const x = Array.from({ length: 101 }, (_, i) => i);
  const chart = await mount({ series: [{ label: 'a', colour: '--ink', x, y: x }] });
  const told: (Range | null)[] = [];
  chart.addEventListener('chart-zoom', (event) => told.push((event as CustomEvent<Range | null>).detail));
  const over = chart.renderRoot.querySelector('.u-over')!;
  const { left, top, width } = over.getBoundingClientRect();
  const at = (share: number) => ({ clientX: left + share * width, clientY: top + 20, bubbles: true });
  const finger = (type: string, share: number, pointerId = 1) =>
    over.dispatchEvent(new PointerEvent(type, { pointerType: 'touch', pointerId, ...at(share) }));
  const wheel = (deltaY: number, share: number, ctrlKey: boolean) => {
    const event = new WheelEvent('wheel', { deltaY, ctrlKey, cancelable: true, ...at(share) });
    over.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { chart, told, finger, wheel };
}

test('a finger that moves sideways chooses a part, as the mouse does', async () => {
  const { told, finger } = await touchable();
  finger('pointerdown', 0.2);
  finger('pointermove', 0.4);
  finger('pointermove', 0.6);
  finger('pointerup', 0.6);
  await expect.poll(() => told.length).toBe(1);
  expect(told[0]![0]).toBeCloseTo(20, 0);
  expect(told[0]![1]).toBeCloseTo(60, 0);
});

test('two fingers that move apart zoom about the place between them, and choose no part', async () => {
  const { told, finger } = await touchable();
  finger('pointerdown', 0.4, 1);
  finger('pointermove', 0.45, 1);
  finger('pointerdown', 0.55, 2);
  finger('pointermove', 0.4, 1);
  finger('pointermove', 0.6, 2);
  finger('pointerup', 0.4, 1);
  finger('pointermove', 0.9, 2);
  finger('pointerup', 0.9, 2);
  await wait(50);
  expect(told).toHaveLength(2);
  const [low, high] = told[1]!;
  expect(high - low).toBeCloseTo(50, 0); // twice as far apart: half of it is on show
  expect((low + high) / 2).toBeCloseTo(50, 0);
});

test('the wheel zooms with Ctrl only, about the pointer, and not past the last two points', async () => {
  const { chart, told, wheel } = await touchable();
  expect(wheel(-150, 0.25, false)).toBe(false);
  expect(told).toHaveLength(0);
  expect(wheel(-150, 0.25, true)).toBe(true);
  expect(told[0]![0]).toBeCloseTo(12.5, 0);
  expect(told[0]![1]).toBeCloseTo(62.5, 0);
  for (let i = 0; i < 20; i++) {
    wheel(-150, 0.25, true);
    await wait(120); // the chart draws what it has been told
  }
  const [low, high] = chart.zoom!;
  expect(high - low).toBeGreaterThan(1);
  for (let i = 0; i < 10; i++) wheel(150, 0.5, true);
  expect(chart.zoom).toBeNull();
});

test('a zoom from zero, which logarithmic steps cannot show, gives way to all of them', async () => {
  const { chart } = await touchable();
  chart.zoom = [0, 50];
  chart.renderRoot.querySelector('details')!.open = true;
  const last = () => chart.renderRoot.querySelector('tbody tr:last-child th')?.textContent;
  await expect.poll(last).toBe('50');
  chart.logX = true;
  await expect.poll(last).toBe('100');
  expect(chart.renderRoot.querySelector('tbody th')!.textContent).not.toBe('0');
});

test('a chart that is taken out and put back is drawn again, and one without data says so', async () => {
  const chart = await mount({ series: [{ label: 'a', colour: '--ink', x: [], y: [] }], label: 'Nothing yet.' });
  chart.remove();
  document.body.append(chart);
  await expect.poll(() => chart.renderRoot.querySelectorAll('canvas')).toHaveLength(1);
  chart.renderRoot.querySelector('details')!.open = true;
  await expect.poll(() => chart.renderRoot.textContent).toContain('There is nothing to show yet.');
});
