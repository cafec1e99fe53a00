// The card that is shown until an answer arrives.

import { element } from "/page/element.js"

const SLOW = 4000
const TEXTS = {
  account: (name) => [`Fetching the avatar of ${name} …`, "GitHub is slow. The request ends after 20 seconds."],
  picture: (name) => [`Classifying ${name} …`, "Still working …"],
  example: (name) => [`Classifying ${name} …`, "Still working …"],
}

export function waitingCard(subject, stop) {
  const [first, later] = TEXTS[subject.kind](subject.name)
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
