/** Mean losses over the fixed windows of the two splits, in nats. */
export interface Losses {
  step: number;
  train_loss: number;
  val_loss: number;
}

/** Nats by which the validation loss must have risen: more than evaluations differ by chance. */
const RISE = 0.02;
/** Evaluations in a row that must say so. */
const IN_A_ROW = 2;

/**
 * Names overfitting: the last two evaluations have a validation loss at least 0.02 nats above the lowest one before
 * them, while their training loss is below what it was there. The model then learns what only the training text has.
 * Returns the step of that lowest validation loss, after which the gap has opened, or null.
 */
export function overfittingSince(evaluations: readonly Losses[]): number | null {
  const last = evaluations.slice(-IN_A_ROW);
  let best: Losses | null = null;
  for (const evaluation of evaluations.slice(0, -IN_A_ROW)) {
    best = best === null || evaluation.val_loss < best.val_loss ? evaluation : best;
  }
  if (best === null) {
    return null;
  }
  const { step, train_loss, val_loss } = best;
  const opened = last.every((now) => now.val_loss >= val_loss + RISE && now.train_loss < train_loss);
  return opened ? step : null;
}

/** A loss in nats a token, where a token is a character, in bits. */
export function bitsPerCharacter(loss: number): number {
  return loss / Math.LN2;
}
