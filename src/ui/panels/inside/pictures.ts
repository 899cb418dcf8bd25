import type { MatrixPicture } from '../../../worker/inspection/messages.ts';

/** A small matrix, every number of which has a cell. */
export function pictureOfAll(cells: Float32Array<ArrayBuffer>, width: number): MatrixPicture {
  const height = cells.length / width;
  return { shape: [height, width], rows: [0, height], columns: [0, width], height, width, cells };
}
