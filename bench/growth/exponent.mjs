/** Only the largest sizes, up to this factor below the largest, show how a cost grows: below, the fixed part of it hides that. */
const SPAN = 1_000;

/**
 * The slope of a straight line through the logarithms, by least squares: the `e` of `cost ~ size ** e`.
 *
 * @param {readonly { size: number, ms: number }[]} points
 */
export function exponentOf(points) {
  const largest = Math.max(...points.map(({ size }) => size));
  const fitted = points
    .filter(({ size }) => size * SPAN >= largest)
    .map(({ size, ms }) => ({ x: Math.log(size), y: Math.log(ms) }));
  const mean = (of) => fitted.reduce((sum, point) => sum + of(point), 0) / fitted.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  return mean((point) => (point.x - x) * (point.y - y)) / mean((point) => (point.x - x) ** 2);
}
