// While there is no answer yet.

import { element } from "/page/element.js"

const SLOW = 4000
const STEPS = {
  account: (name) => [`Asking GitHub for ${name} …`, "GitHub takes its time. After 20 seconds this gives up."],
  picture: (name) => [`Judging ${name} …`, "Still at it …"],
  example: (name) => [`Judging ${name} …`, "Still at it …"],
}

export function waitingCard(subject, stop) {
  const [first, later] = STEPS[subject.kind](subject.name)
  const line = element("p", { textContent: first })
  setTimeout(() => {
    if (line.isConnected) line.textContent = later
  }, SLOW)
  return element(
    "article",
    { className: "card waiting" },
    line,
    element("progress", { "aria-label": first }),
    element("p", { className: "tools" }, element("button", { type: "button", textContent: "Stop", onclick: stop })),
  )
}
