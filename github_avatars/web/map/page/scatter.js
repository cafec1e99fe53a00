// The scatter plot: the classified accounts by two of their features.

import { colors } from "./colors.js"
import { count, number, state, valueOf, verdictOf } from "./data.js"
import { ring } from "./map.js"

const SIDE_LENGTH = 1000

/** The width of the plot divided by its height. */
const stretch = 1.4

/** The features, with the scales that the classifier uses, and the values that are marked on an axis. */
export const FEATURES = new Map([
  ["github_grey", { title: "GitHub grey, of 576 pixels", scale: (value) => value, marks: [0, 100, 200, 300, 400, 500] }],
  [
    "distinct_colors",
    { title: "distinct colors (logarithmic)", scale: (value) => Math.log(Math.max(1, value)), marks: [1, 2, 5, 10, 50, 200, 500] },
  ],
  [
    "identicon_error",
    { title: "identicon error (square root)", scale: (value) => Math.sqrt(value), marks: [0, 0.01, 0.05, 0.1, 0.2, 0.5, 1] },
  ],
])

export const axes = { x: "distinct_colors", y: "identicon_error" }

/** The accounts with features. */
const accounts = Array.from({ length: count }, (_, account) => account).filter(
  (account) => (valueOf(account, "github_grey") ?? null) !== null,
)

export const hasFeatures = accounts.length > 0

export const scatterItems = {
  x: [],
  y: [],
  accounts,
  radius: (_, scale) => Math.min(10, 4 * Math.max(1, Math.sqrt(scale / 0.8))),
  isActive: (item) => state.visible[accounts[item]] === 1,
  bounds: () => ({ x0: -0.06 * SIDE_LENGTH * stretch, y0: 0, x1: SIDE_LENGTH * stretch, y1: SIDE_LENGTH * 1.07 }),
}

const ranges = new Map(
  [...FEATURES].map(([name, { scale }]) => {
    const values = accounts.map((account) => scale(valueOf(account, name)))
    const low = values.reduce((least, value) => Math.min(least, value), Infinity)
    const high = values.reduce((most, value) => Math.max(most, value), -Infinity)
    return [name, [low, high > low ? high : low + 1]]
  }),
)

const position = (name, value) => {
  const [low, high] = ranges.get(name)
  return (FEATURES.get(name).scale(value) - low) / (high - low)
}

const toX = (value) => SIDE_LENGTH * stretch * position(axes.x, value)
const toY = (value) => SIDE_LENGTH * (1 - position(axes.y, value))

/** Points with equal features are spread around their position, the first one in the center. */
export function placeAccounts() {
  const met = new Map()
  accounts.forEach((account, item) => {
    const [x, y] = [toX(valueOf(account, axes.x)), toY(valueOf(account, axes.y))]
    const key = `${x},${y}`
    const place = met.get(key) ?? 0
    met.set(key, place + 1)
    const distance = 1.6 * Math.sqrt(place)
    scatterItems.x[item] = x + distance * Math.cos(place * 2.4)
    scatterItems.y[item] = y + distance * Math.sin(place * 2.4)
  })
}

export function drawScatter(context, plane) {
  drawAxes(context, plane)
  const paths = new Map()
  const radius = scatterItems.radius(0, plane.scale)
  accounts.forEach((account, item) => {
    const key = state.visible[account] ? verdictOf(account) : "faded"
    if (!paths.has(key)) paths.set(key, new Path2D())
    const [x, y] = plane.screen(item)
    paths.get(key).moveTo(x + radius, y)
    paths.get(key).arc(x, y, radius, 0, 2 * Math.PI)
  })
  for (const [key, path] of paths) {
    context.fillStyle = colors[key]
    context.fill(path)
  }
  for (const item of new Set([plane.pointed, plane.selected])) if (item !== null) ring(context, plane, item)
}

function drawAxes(context, plane) {
  const [left, bottom] = [plane.left - 12, SIDE_LENGTH * plane.scale + plane.top + 12]
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`
  context.lineWidth = 1
  context.strokeStyle = colors.line
  context.fillStyle = colors.faint
  context.beginPath()
  context.textAlign = "center"
  for (const mark of visibleMarks(axes.x)) {
    const x = toX(mark) * plane.scale + plane.left
    context.moveTo(x, plane.top)
    context.lineTo(x, bottom)
    context.fillText(number(mark), x, bottom + 15)
  }
  context.textAlign = "right"
  for (const mark of visibleMarks(axes.y)) {
    const y = toY(mark) * plane.scale + plane.top
    context.moveTo(left, y)
    context.lineTo(SIDE_LENGTH * stretch * plane.scale + plane.left, y)
    context.fillText(String(mark), left - 6, y + 4)
  }
  context.stroke()
  context.fillStyle = colors.ink
  context.textAlign = "left"
  context.fillText(FEATURES.get(axes.y).title, left, plane.top - 8)
  context.fillText(FEATURES.get(axes.x).title, left, bottom + 34)
}

function visibleMarks(name) {
  return FEATURES.get(name).marks.filter((mark) => position(name, mark) >= -0.001 && position(name, mark) <= 1.001)
}
