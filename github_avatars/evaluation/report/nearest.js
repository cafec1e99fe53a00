// How many pixels a point is from a place, and which of some points is nearest to it.
const far = (index, atX, atY) => Math.hypot(
  (source.data[x][index] - atX) / (plot.x_range.end - plot.x_range.start) * plot.inner_width,
  (source.data[y][index] - atY) / (plot.y_range.end - plot.y_range.start) * plot.inner_height,
)
const nearest = (indices, atX, atY) => indices.reduce(
  (best, index) => (far(index, atX, atY) < far(best, atX, atY) ? index : best), indices[0],
)
