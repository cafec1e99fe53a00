// Elements that are created without HTML, so that text stays text.

const SVG = "http://www.w3.org/2000/svg"

/** An element with properties and children; children that are null, undefined or false are omitted. */
export function element(name, properties = {}, ...children) {
  const created = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (key in created) created[key] = value
    else created.setAttribute(key, value)
  }
  created.append(...children.filter((child) => child !== null && child !== false && child !== undefined))
  return created
}

/** A decorative icon of one path on 16 × 16. */
export function icon(path) {
  const drawing = document.createElementNS(SVG, "svg")
  drawing.setAttribute("viewBox", "0 0 16 16")
  drawing.setAttribute("aria-hidden", "true")
  const line = document.createElementNS(SVG, "path")
  line.setAttribute("d", path)
  drawing.append(line)
  return drawing
}

/** Announce text to screen readers. */
export function announce(text) {
  document.getElementById("status").textContent = text
}
