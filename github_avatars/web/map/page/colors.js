// The colors of the style sheet, for canvases.

const NAMES = ["paper", "wash", "ink", "faint", "line", "strong", "accent", "default", "custom"]

export const colors = {}

/** Read the colors again, because the user may have changed the scheme. */
export function readColors() {
  const style = getComputedStyle(document.documentElement)
  for (const name of NAMES) colors[name] = style.getPropertyValue(`--${name}`)
  colors.none = colors.strong
  colors.faded = colors.line
}
