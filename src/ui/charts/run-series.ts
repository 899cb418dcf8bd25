import type { ThinnedSeries } from '../run-history.ts';
import { CHART } from '../strings.ts';
import type { ComparedRun, Evaluation } from '../view.ts';
import type { Series } from './series.ts';

/** Values that a smoothed curve averages over, about; the first is no smoothing. */
export const WINDOWS = [1, 10, 20, 40, 100, 200, 500, 1000] as const;

/** A curve that is smoothed anew whenever it has grown. */
export class SmoothedCurve {
  readonly source: ThinnedSeries;
  readonly #smooth: number[] = [];
  #window = 1;

  constructor(source: ThinnedSeries) {
    this.source = source;
  }

  /** Makes it true for the present points. */
  update(window: number): void {
    this.#window = window;
    if (window > 1) this.source.smooth(window, this.#smooth);
  }

  /** The smoothed curve, and the points and their extremes pale behind it; without smoothing the points themselves. */
  series(label: string, colour: string): Series[] {
    const { x, mean, low, high } = this.source;
    if (this.#window === 1) return [{ label, colour, x, y: mean, low, high }];
    return [
      { label, colour, x, y: mean, low, high, faint: true },
      { label, colour, x, y: this.#smooth, width: 2 },
    ];
  }

  /** The curve alone, for one that is laid over others. */
  line(label: string, colour: string): Series {
    return { label, colour, x: this.source.x, y: this.#window === 1 ? this.source.mean : this.#smooth };
  }
}

/** The validation losses of a run. */
function validation(evaluations: readonly Evaluation[], label: string, colour: string, dashed: boolean): Series {
  const x = evaluations.map(({ step }) => step);
  return { label, colour, x, y: evaluations.map(({ val }) => val), points: true, dashed };
}

/** Both losses of the run on show, and those of the runs that are laid over it, each in an ink of its own. */
export function lossSeries(
  own: SmoothedCurve,
  evaluations: readonly Evaluation[],
  compared: readonly { run: ComparedRun; curve: SmoothedCurve }[],
): Series[] {
  const others = compared.flatMap(({ run, curve }, i) => {
    const colour = `--series-${i + 2}`;
    return [
      curve.line(CHART.trainOf(run.name), colour),
      validation(run.evaluations, CHART.valOf(run.name), colour, true),
    ];
  });
  return [...own.series(CHART.train, '--accent'), validation(evaluations, CHART.val, '--ink', false), ...others];
}
