// The map: accounts in the discs of their communities, with edges; of many accounts, the discs as circles.

import { colors } from "./colors.js"
import { count, data, edges, plural, state, verdictOf } from "./data.js"
import { drawPicture } from "./pictures.js"

/** The radius of an account, in units of the map. */
const RADIUS = 0.42
/** An account is drawn as a picture if its radius has at least so many pixels. */
const SMALLEST_PICTURE = 5
/** Of more edges, some are drawn: so many in discs and between discs together. Those of the selected one are all drawn. */
const MAX_EDGES = 60_000
/** Milliseconds without a change of the view until the edges are drawn again. Until then they are moved as a picture. */
const PAUSE = 120

const discRadius = (disc) => data.discs[disc].radius

export const mapItems = data.grouped
  ? {
      x: data.discs.map(({ x }) => x),
      y: data.discs.map(({ y }) => y),
      radius: (disc, scale) => discRadius(disc) * scale,
      isActive: () => true,
      bounds: discBounds,
    }
  : {
      x: data.x,
      y: data.y,
      radius: (_, scale) => Math.max(1.5, RADIUS * scale),
      isActive: (account) => state.visible[account] === 1,
      bounds: discBounds,
    }

function discBounds() {
  const bound = (sign, axis) => sign * Math.max(...data.discs.map((disc) => sign * disc[axis] + disc.radius), 1)
  return { x0: bound(-1, "x"), y0: bound(-1, "y"), x1: bound(1, "x"), y1: bound(1, "y") }
}

export function drawMap(context, plane) {
  drawDiscs(context, plane)
  if (state.edges) drawEdges(context, plane)
  if (data.grouped) drawCircles(context, plane)
  else drawAccounts(context, plane)
  drawNames(context, plane)
}

function drawDiscs(context, plane) {
  context.fillStyle = colors.wash
  context.beginPath()
  for (const disc of data.discs) {
    const [x, y] = [disc.x * plane.scale + plane.left, disc.y * plane.scale + plane.top]
    context.moveTo(x + disc.radius * plane.scale, y)
    context.arc(x, y, disc.radius * plane.scale, 0, 2 * Math.PI)
  }
  context.fill()
}

const layer = { canvas: document.createElement("canvas"), key: "", scale: 1, left: 0, top: 0, timer: 0 }

/** Draw the edges; while the view moves, the picture of them that was drawn last. */
function drawEdges(context, plane) {
  const key = [plane.canvas.width, plane.canvas.height, colors.strong].join()
  const isMoved = layer.scale !== plane.scale || layer.left !== plane.left || layer.top !== plane.top
  if (key !== layer.key || layer.isDue) renderEdges(key, plane)
  else if (isMoved) {
    clearTimeout(layer.timer)
    layer.timer = setTimeout(() => {
      layer.isDue = true
      plane.invalidate()
    }, PAUSE)
  }
  const factor = plane.scale / layer.scale
  const [left, top] = [plane.left - layer.left * factor, plane.top - layer.top * factor]
  context.imageSmoothingEnabled = true
  context.drawImage(layer.canvas, left, top, plane.width * factor, plane.height * factor)
}

function renderEdges(key, plane) {
  clearTimeout(layer.timer)
  Object.assign(layer, { key, scale: plane.scale, left: plane.left, top: plane.top, isDue: false })
  layer.canvas.width = plane.canvas.width
  layer.canvas.height = plane.canvas.height
  const context = layer.canvas.getContext("2d")
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
  context.strokeStyle = colors.strong
  if (data.grouped) return strokeBetween(context, plane)
  context.lineWidth = 0.75
  strokeEdges(context, plane, (one, other) => data.disc[one] === data.disc[other])
  strokeEdges(context, plane, (one, other) => data.disc[one] !== data.disc[other])
}

/** Draw the edges of a kind, fainter if there are many. */
function strokeEdges(context, plane, isKind) {
  const kind = []
  for (let place = 0; place < edges.length; place += 2) if (isKind(edges[place], edges[place + 1])) kind.push(place)
  const step = Math.ceil((2 * kind.length) / MAX_EDGES)
  context.globalAlpha = Math.min(0.6, Math.max(0.025, 500 / kind.length))
  context.beginPath()
  for (let index = 0, drawn = 0; index < kind.length; index += step) {
    const [x0, y0] = plane.screen(edges[kind[index]])
    const [x1, y1] = plane.screen(edges[kind[index] + 1])
    if (Math.max(x0, x1) < 0 || Math.max(y0, y1) < 0) continue
    if (Math.min(x0, x1) > plane.width || Math.min(y0, y1) > plane.height) continue
    context.moveTo(x0, y0)
    context.lineTo(x1, y1)
    // A path has the same opacity everywhere; many paths add up.
    if (++drawn % 100 === 0) {
      context.stroke()
      context.beginPath()
    }
  }
  context.stroke()
}

function strokeBetween(context, plane) {
  const most = Math.max(1, ...data.between.map(([, , number]) => number))
  for (const [one, other, number] of data.between) {
    context.lineWidth = 0.5 + 8 * Math.sqrt(number / most)
    context.globalAlpha = 0.15 + 0.35 * Math.sqrt(number / most)
    context.beginPath()
    context.moveTo(...plane.screen(one))
    context.lineTo(...plane.screen(other))
    context.stroke()
  }
}

function drawAccounts(context, plane) {
  const radius = mapItems.radius(0, plane.scale)
  const isPicture = state.pictures && radius >= SMALLEST_PICTURE
  const others = new Map()
  const shown = []
  for (let account = 0; account < count; account++) {
    const [x, y] = plane.screen(account)
    if (x < -radius || y < -radius || x > plane.width + radius || y > plane.height + radius) continue
    shown.push([account, x, y])
  }
  for (const [account, x, y] of shown) {
    const isVisible = state.visible[account] === 1
    if (isVisible && isPicture) {
      const side = 1.6 * radius
      if (drawPicture(context, account, x - side / 2, y - side / 2, side)) {
        context.strokeStyle = colors[verdictOf(account)]
        context.lineWidth = Math.max(1.5, radius / 8)
        context.strokeRect(x - side / 2, y - side / 2, side, side)
        continue
      }
    }
    const key = isVisible ? verdictOf(account) : "faded"
    if (!others.has(key)) others.set(key, new Path2D())
    const size = isPicture ? 0.8 * radius : radius
    others.get(key).moveTo(x + size, y)
    others.get(key).arc(x, y, size, 0, 2 * Math.PI)
  }
  for (const [key, path] of others) {
    context.fillStyle = colors[key]
    context.fill(path)
  }
  if (plane.selected !== null) drawNeighbors(context, plane)
  for (const account of new Set([plane.pointed, plane.selected])) if (account !== null) ring(context, plane, account)
}

/** The edges of the selected account. */
function drawNeighbors(context, plane) {
  context.strokeStyle = colors.accent
  context.lineWidth = 1.5
  context.beginPath()
  for (let place = 0; place < edges.length; place += 2) {
    if (edges[place] !== plane.selected && edges[place + 1] !== plane.selected) continue
    context.moveTo(...plane.screen(edges[place]))
    context.lineTo(...plane.screen(edges[place + 1]))
  }
  context.stroke()
}

/** Mark an item of a plane. */
export function ring(context, plane, item) {
  const [x, y] = plane.screen(item)
  const size = plane.items.radius(item, plane.scale)
  const radius = Math.max(7, Math.min(1.3 * size, size + 6))
  for (const [color, width] of [[colors.paper, 6], [colors.ink, 3]]) {
    context.strokeStyle = color
    context.lineWidth = width
    context.beginPath()
    context.arc(x, y, radius, 0, 2 * Math.PI)
    context.stroke()
  }
}

/** Discs as circles that show the share of each verdict. */
function drawCircles(context, plane) {
  data.discs.forEach((disc, item) => {
    const [x, y] = plane.screen(item)
    const radius = Math.max(2, disc.radius * plane.scale)
    const none = disc.size - disc.default - disc.custom
    let angle = -Math.PI / 2
    for (const [verdict, number] of [["default", disc.default], ["custom", disc.custom], ["none", none]]) {
      const end = angle + (2 * Math.PI * number) / disc.size
      context.fillStyle = colors[verdict]
      context.beginPath()
      context.moveTo(x, y)
      context.arc(x, y, radius, angle, end)
      context.fill()
      angle = end
    }
    context.fillStyle = colors.paper
    context.beginPath()
    context.arc(x, y, radius * 0.62, 0, 2 * Math.PI)
    context.fill()
    if (plane.selected === item || plane.pointed === item) ring(context, plane, item)
  })
}

/** The names of the discs that have enough space. */
function drawNames(context, plane) {
  context.font = `600 13px ${getComputedStyle(document.body).fontFamily}`
  context.textAlign = "center"
  context.lineJoin = "round"
  for (const disc of data.discs) {
    const radius = disc.radius * plane.scale
    const texts = [`${disc.name} · ${plural(disc.size, "account")}`, disc.name]
    const text = texts.find((each) => context.measureText(each).width < 2 * radius + 40)
    if (!text) continue
    const [x, y] = [disc.x * plane.scale + plane.left, disc.y * plane.scale + plane.top - radius - 7]
    context.lineWidth = 4
    context.strokeStyle = colors.paper
    context.strokeText(text, x, y)
    context.fillStyle = colors.ink
    context.fillText(text, x, y)
  }
}
