import type uPlot from 'uplot';
import { type Place, zoomedAbout } from './navigation.ts';
import { Pinch } from './pinch.ts';
import { type Range, rangesDiffer } from './series.ts';

/** The chart that they are made on. */
export interface Touched {
  plot(): uPlot | null;
  place(): Place;
  /** A finger is on it. */
  touched(): void;
  zoomTo(range: Range | null): void;
}

/** What uPlot, which knows the mouse alone, is not told by itself: fingers and the wheel. */
export class Gestures {
  readonly #chart: Touched;
  readonly #pinch = new Pinch();

  constructor(chart: Touched) {
    this.#chart = chart;
  }

  /** A finger that moves sideways does as the mouse does, two zoom; up and down scrolls the page. */
  readonly finger = (event: PointerEvent): void => {
    const plot = this.#chart.plot();
    if (event.pointerType !== 'touch' || plot === null) return;
    const alone = !this.#pinch.active;
    const spread = this.#pinch.take(event);
    if (this.#pinch.active) {
      if (alone) letGo(plot);
      if (spread) this.#zoom(plot, spread.to, spread.factor, spread.from);
      return;
    }
    this.#chart.touched();
    const mouse = asMouse(event);
    (mouse.type === 'mouseup' ? document : plot.over).dispatchEvent(mouse);
  };

  /** The wheel alone scrolls the page; with Ctrl or Cmd, where browsers zoom the page by it, it zooms the chart. */
  readonly wheel = (event: WheelEvent): void => {
    const plot = this.#chart.plot();
    if (!(event.ctrlKey || event.metaKey) || plot === null) return;
    event.preventDefault();
    this.#zoom(plot, event.clientX, turned(event));
  };

  /** Zooms about a place of the screen; what stood at `from` comes to stand there. */
  #zoom(plot: uPlot, clientX: number, factor: number, from = clientX): void {
    const place = this.#chart.place();
    const { left, width } = plot.over.getBoundingClientRect();
    const next = zoomedAbout((from - left) / width, (clientX - left) / width, factor, place);
    if (rangesDiffer(next, place.zoom)) this.#chart.zoomTo(next);
  }
}

/** Ends what the first of two fingers had begun, without a selection. */
function letGo(plot: uPlot): void {
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  document.dispatchEvent(new MouseEvent('mouseup', { button: 0, bubbles: true }));
}

/** How much a turn of the wheel zooms: above 1, nearer. Pinching a touch pad is such a turn. */
function turned({ deltaY, deltaMode }: WheelEvent): number {
  const pixels = deltaMode === WheelEvent.DOM_DELTA_PIXEL ? deltaY : 40 * deltaY;
  return 2 ** Math.max(-1, Math.min(1, -pixels / 150));
}

/** What the mouse would do where a finger does this. */
function asMouse({ type, clientX, clientY }: PointerEvent): MouseEvent {
  const kind = { pointerdown: 'mousedown', pointermove: 'mousemove' }[type] ?? 'mouseup';
  // without a movement uPlot takes it for a stray one
  return new MouseEvent(kind, { clientX, clientY, movementX: 1, button: 0, buttons: 1, bubbles: true });
}
