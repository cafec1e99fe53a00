// The distance of a point from a position in pixels, and the nearest of several points.
const distance = (index, atX, atY) => Math.hypot(
  (source.data[x][index] - atX) / (plot.x_range.end - plot.x_range.start) * plot.inner_width,
  (source.data[y][index] - atY) / (plot.y_range.end - plot.y_range.start) * plot.inner_height,
)
const nearest = (indices, atX, atY) => indices.reduce(
  (best, index) => (distance(index, atX, atY) < distance(best, atX, atY) ? index : best), indices[0],
)
