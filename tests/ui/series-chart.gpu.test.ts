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

test('a finger that moves sideways chooses a part, as the mouse does', async () => {
  const x = Array.from({ length: 101 }, (_, i) => i);
  const chart = await mount({ series: [{ label: 'a', colour: '--ink', x, y: x }] });
  const told: (Range | null)[] = [];
  chart.addEventListener('chart-zoom', (event) => told.push((event as CustomEvent<Range | null>).detail));
  const over = chart.renderRoot.querySelector('.u-over')!;
  const { left, top, width } = over.getBoundingClientRect();
  const finger = (type: string, share: number) =>
    over.dispatchEvent(
      new PointerEvent(type, { pointerType: 'touch', clientX: left + share * width, clientY: top + 20, bubbles: true }),
    );
  finger('pointerdown', 0.2);
  finger('pointermove', 0.4);
  finger('pointermove', 0.6);
  finger('pointerup', 0.6);
  await expect.poll(() => told.length).toBe(1);
  expect(told[0]![0]).toBeCloseTo(20, 0);
  expect(told[0]![1]).toBeCloseTo(60, 0);
});

test('a chart that is taken out and put back is drawn again, and one without data says so', async () => {
  const chart = await mount({ series: [{ label: 'a', colour: '--ink', x: [], y: [] }], label: 'Nothing yet.' });
  chart.remove();
  document.body.append(chart);
  await expect.poll(() => chart.renderRoot.querySelectorAll('canvas')).toHaveLength(1);
  chart.renderRoot.querySelector('details')!.open = true;
  await expect.poll(() => chart.renderRoot.textContent).toContain('There is nothing to show yet.');
});
