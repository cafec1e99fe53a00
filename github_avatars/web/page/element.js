// Elements, made without any HTML: text stays text.

const SVG = "http://www.w3.org/2000/svg"

/** An element with properties and children; a child that is null or false is left out. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value
    else made.setAttribute(key, value)
  }
  made.append(...children.filter((child) => child !== null && child !== false && child !== undefined))
  return made
}

/** A small drawing of one path on 16 × 16, for the eye alone. */
export function icon(path) {
  const drawing = document.createElementNS(SVG, "svg")
  drawing.setAttribute("viewBox", "0 0 16 16")
  drawing.setAttribute("aria-hidden", "true")
  const line = document.createElementNS(SVG, "path")
  line.setAttribute("d", path)
  drawing.append(line)
  return drawing
}

/** Tell those who listen instead of looking. */
export function say(text) {
  document.getElementById("status").textContent = text
}
