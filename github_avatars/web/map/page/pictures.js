// Small pictures of the accounts: identicons that the page draws, and thumbnails that it contains.

import { count, data } from "./data.js"

/** Pixels of a cell of a small identicon; its margin is half of that, as in GitHub's. */
const CELL = 4
const SIDE = 6 * CELL
const GREY = "#f0f0f0"

/** The columns of the cells, from the first one. Columns 3 and 4 mirror 1 and 0. */
const CELLS = Array.from({ length: 15 }, (_, cell) => [2 - Math.floor(cell / 5), cell % 5])

const across = Math.ceil(Math.sqrt(count))
const identicons = new OffscreenCanvas(Math.max(1, across * SIDE), Math.max(1, across * SIDE))
const sheets = []

export const hasPicture = (account) => data.identicons[account] !== null || data.tiles[account] !== null

/** Prepare all pictures. Thumbnails appear when they are decoded; then `onReady` is called. */
export function loadPictures(onReady) {
  const context = identicons.getContext("2d")
  data.identicons.forEach((drawing, account) => {
    if (drawing === null) return
    context.setTransform(1, 0, 0, 1, (account % across) * SIDE, Math.floor(account / across) * SIDE)
    drawIdenticon(context, drawing, SIDE)
  })
  data.sheets.forEach(async (url, place) => {
    const image = new Image()
    image.src = url
    await image.decode()
    sheets[place] = image
    onReady()
  })
}

function drawIdenticon(context, drawing, size) {
  const color = Math.floor(drawing / 2 ** 15)
  const cell = size / 6
  context.fillStyle = GREY
  context.fillRect(0, 0, size, size)
  context.fillStyle = `#${color.toString(16).padStart(6, "0")}`
  CELLS.forEach(([column, row], place) => {
    if (!(drawing & (1 << place))) return
    const y = (row + 0.5) * cell
    context.fillRect((column + 0.5) * cell, y, cell, cell)
    context.fillRect((4 - column + 0.5) * cell, y, cell, cell)
  })
}

/** Draw the picture of an account as a square; false if it has none. */
export function drawPicture(context, account, left, top, size) {
  const tile = data.tiles[account]
  if (data.identicons[account] !== null) {
    context.imageSmoothingEnabled = size < SIDE
    const [x, y] = [(account % across) * SIDE, Math.floor(account / across) * SIDE]
    context.drawImage(identicons, x, y, SIDE, SIDE, left, top, size, size)
    return true
  }
  if (tile === null) return false
  const { tile: side, across: columns } = data.sheet
  const sheet = sheets[Math.floor(tile / columns ** 2)]
  if (!sheet) return false
  const place = tile % columns ** 2
  context.imageSmoothingEnabled = true
  context.drawImage(
    sheet,
    (place % columns) * side,
    Math.floor(place / columns) * side,
    side,
    side,
    left,
    top,
    size,
    size,
  )
  return true
}

/** A canvas with the picture of an account, `size` pixels wide. */
export function pictureCanvas(account, size) {
  const canvas = document.createElement("canvas")
  const pixels = Math.round(size * devicePixelRatio)
  canvas.width = canvas.height = pixels
  canvas.style.width = canvas.style.height = `${size}px`
  const context = canvas.getContext("2d")
  if (data.identicons[account] === null) drawPicture(context, account, 0, 0, pixels)
  else drawIdenticon(context, data.identicons[account], pixels)
  canvas.role = "img"
  return canvas
}
