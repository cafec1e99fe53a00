// A canvas with items at positions that the user can move, zoom, point at and walk through with the keyboard.

const MARGIN = 28
const MAX_SCALE = 120
const PICK = 10
/** Pixels that the pointer may move during a click. */
const CLICK = 4
const STEP = 60
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

export class Plane {
  /**
   * `items` has arrays `x` and `y`, and functions `radius(item, scale)` in pixels and `isActive(item)`. `draw(context,
   * plane)` draws everything. `on` has the functions `point`, `select` and `open`; each gets an item or null.
   */
  constructor(canvas, items, draw, on) {
    this.canvas = canvas
    this.items = items
    this.on = on
    this.draw = draw
    this.pointed = null
    this.selected = null
    this.scale = 1
    this.left = this.top = this.width = this.height = 0
    this.isFitted = true
    this.fingers = new Map()
    this.listen()
    new ResizeObserver(() => this.resize()).observe(canvas)
  }

  screen(item) {
    return [this.items.x[item] * this.scale + this.left, this.items.y[item] * this.scale + this.top]
  }

  resize() {
    this.width = this.canvas.clientWidth
    this.height = this.canvas.clientHeight
    if (!this.width) return
    this.canvas.width = Math.round(this.width * devicePixelRatio)
    this.canvas.height = Math.round(this.height * devicePixelRatio)
    if (this.isFitted) this.fit()
    // At once, because setting the size has cleared the canvas.
    this.paint()
  }

  /** Draw soon. */
  invalidate() {
    this.request ??= requestAnimationFrame(() => this.paint())
  }

  paint() {
    cancelAnimationFrame(this.request)
    this.request = undefined
    if (!this.width) return
    const context = this.canvas.getContext("2d")
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0)
    context.clearRect(0, 0, this.width, this.height)
    this.draw(context, this)
  }

  /** Show all items. */
  fit() {
    const { x0, y0, x1, y1 } = this.items.bounds()
    const [width, height] = [this.width - 2 * MARGIN, this.height - 2 * MARGIN]
    this.scale = Math.min(MAX_SCALE, width / Math.max(x1 - x0, 1e-6), height / Math.max(y1 - y0, 1e-6))
    this.left = this.width / 2 - (this.scale * (x0 + x1)) / 2
    this.top = this.height / 2 - (this.scale * (y0 + y1)) / 2
    this.fitted = this.scale
    this.isFitted = true
    this.invalidate()
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const scale = Math.min(Math.max(MAX_SCALE, this.fitted), Math.max(this.fitted / 4, this.scale * factor))
    this.left = x - (x - this.left) * (scale / this.scale)
    this.top = y - (y - this.top) * (scale / this.scale)
    this.scale = scale
    this.isFitted = false
    this.invalidate()
  }

  move(x, y) {
    this.left += x
    this.top += y
    this.isFitted = false
    this.invalidate()
  }

  /** Move the view to an item, and enlarge it if the item is tiny. */
  show(item) {
    const radius = this.items.radius(item, this.scale)
    if (radius < PICK) this.zoom(PICK / radius)
    const [x, y] = this.screen(item)
    this.move(this.width / 2 - x, this.height / 2 - y)
  }

  select(item) {
    this.selected = item
    this.on.select(item)
    this.invalidate()
  }

  /** The active item at a point of the canvas; null if there is none. */
  itemAt(x, y) {
    let found = null
    let smallest = Infinity
    for (let item = 0; item < this.items.x.length; item++) {
      const [itemX, itemY] = this.screen(item)
      const distance = Math.hypot(itemX - x, itemY - y)
      if (distance >= smallest || !this.items.isActive(item)) continue
      if (distance > Math.max(PICK, this.items.radius(item, this.scale))) continue
      found = item
      smallest = distance
    }
    return found
  }

  listen() {
    const { canvas } = this
    canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false })
    canvas.addEventListener("pointerdown", (event) => this.onDown(event))
    canvas.addEventListener("pointermove", (event) => this.onMove(event))
    canvas.addEventListener("pointerup", (event) => this.onUp(event))
    canvas.addEventListener("pointercancel", (event) => this.fingers.delete(event.pointerId))
    canvas.addEventListener("pointerleave", () => this.point(null))
    canvas.addEventListener("keydown", (event) => this.onKey(event))
  }

  onWheel(event) {
    event.preventDefault()
    this.zoom(2 ** (-event.deltaY / (event.deltaMode ? 6 : 240)), event.offsetX, event.offsetY)
  }

  onDown(event) {
    if (event.button) return
    this.canvas.setPointerCapture(event.pointerId)
    this.fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY })
    this.travelled = this.fingers.size > 1 ? Infinity : 0
  }

  onMove(event) {
    const finger = this.fingers.get(event.pointerId)
    const [x, y] = [event.offsetX, event.offsetY]
    if (!finger) return this.point(this.itemAt(x, y), x, y)
    const other = [...this.fingers.values()].find((each) => each !== finger)
    if (other) {
      const before = Math.hypot(finger.x - other.x, finger.y - other.y)
      this.zoom(Math.hypot(x - other.x, y - other.y) / Math.max(before, 1), other.x, other.y)
    } else {
      this.travelled += Math.hypot(x - finger.x, y - finger.y)
      if (this.travelled > CLICK) this.move(x - finger.x, y - finger.y)
    }
    Object.assign(finger, { x, y })
  }

  onUp(event) {
    if (!this.fingers.delete(event.pointerId) || this.travelled > CLICK) return
    const item = this.itemAt(event.offsetX, event.offsetY)
    this.select(item)
    // A finger cannot point without a click, so that it only shows the details, which have the same links.
    if (item !== null && event.pointerType !== "touch") this.on.open(item)
  }

  point(item, x, y) {
    this.canvas.style.cursor = item === null ? "grab" : "pointer"
    if (item === this.pointed && item === null) return
    const isNew = item !== this.pointed
    this.pointed = item
    this.on.point(item, x, y)
    if (isNew) this.invalidate()
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const direction = DIRECTIONS[event.key]
    if (direction && event.shiftKey) this.move(-STEP * direction[0], -STEP * direction[1])
    else if (direction) this.walk(...direction)
    else if (event.key === "+" || event.key === "=") this.zoom(1.5)
    else if (event.key === "-") this.zoom(1 / 1.5)
    else if (event.key === "0") this.fit()
    else if (event.key === "Enter" && this.selected !== null) this.on.open(this.selected)
    else if (event.key === "Escape" && this.selected !== null) this.select(null)
    else return
    event.preventDefault()
    this.point(null)
  }

  /** Select the next active item in a direction; the first time, the one closest to the center of the view. */
  walk(right, down) {
    const isFirst = this.selected === null
    const [x, y] = isFirst ? [this.width / 2, this.height / 2] : this.screen(this.selected)
    let found = null
    let best = Infinity
    for (let item = 0; item < this.items.x.length; item++) {
      if (item === this.selected || !this.items.isActive(item)) continue
      const [itemX, itemY] = this.screen(item)
      const [ahead, aside] = [
        (itemX - x) * right + (itemY - y) * down,
        Math.abs((itemX - x) * down) + Math.abs((itemY - y) * right),
      ]
      if (!isFirst && ahead <= 1e-3) continue
      const cost = Math.abs(ahead) + (isFirst ? 1 : 2.5) * aside
      if (cost < best) [found, best] = [item, cost]
    }
    if (found === null) return
    this.select(found)
    const [foundX, foundY] = this.screen(found)
    const isInside = Math.min(foundX, foundY, this.width - foundX, this.height - foundY) > MARGIN
    if (!isInside) this.move(this.width / 2 - foundX, this.height / 2 - foundY)
  }
}
