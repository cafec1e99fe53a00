// Every state in which there is no answer, drawn.

import { element, icon } from "/page/element.js"

const TITLES = {
  "bad-login": "That cannot be a GitHub name",
  "no-such-account": "GitHub knows nobody of this name",
  "rate-limited": "GitHub asks us to wait",
  unreachable: "No answer",
  "login-required": "Only for those who log in",
  "foreign-redirect": "Something answers in GitHub’s place",
  "not-a-picture": "Not a picture",
  "too-large": "Too large",
  busy: "A little slower, please",
  offline: "Offline",
  stopped: "Stopped",
  "bad-input": "That cannot be asked",
}
const OTHER = "Something went wrong here"

const CLOCK = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 5v3.5l2.5 1.5"
const BROKEN = "M2 8h3M11 8h3M6.5 5.5l3 5M9.5 5.5l-3 5"
const NOBODY = "M8 2.5a2.75 2.75 0 1 1 0 5.5a2.75 2.75 0 0 1 0-5.5zM2.5 14a5.5 5.5 0 0 1 11 0"
const SHEET = "M4 2h5l3 3v9H4zM6 9l4 0M6 11.5l4 0"
const STOP = "M4 4h8v8H4z"
const ICONS = {
  "bad-login": NOBODY,
  "no-such-account": NOBODY,
  "rate-limited": CLOCK,
  busy: CLOCK,
  "not-a-picture": SHEET,
  "too-large": SHEET,
  stopped: STOP,
}

export const titleOf = (problem) => TITLES[problem.kind] ?? OTHER

/** When to ask again, in words, as 14:05 (in 58 minutes). */
export function when(until, now = new Date()) {
  const at = new Date(until)
  const seconds = Math.max(0, Math.ceil((at - now) / 1000))
  const minutes = Math.ceil(seconds / 60)
  const left = seconds < 90 ? `${seconds} s` : minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
  const sameDay = at.toDateString() === now.toDateString()
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
  return `${sameDay ? time : `${at.toLocaleDateString("en-GB")}, ${time}`} (in ${left})`
}

/** A problem as a card; `again` is called by its button, where asking again can help. */
export function problemCard(name, problem, again) {
  const wait = problem.until && element("p", { className: "until" })
  const button =
    problem.retry && again && element("button", { type: "button", textContent: "Ask again", onclick: again })
  const card = element(
    "article",
    { className: "card problem" },
    element("div", { className: "sign" }, icon(ICONS[problem.kind] ?? BROKEN)),
    element(
      "div",
      {},
      element("h2", { textContent: titleOf(problem) }),
      name && element("p", { className: "subject", textContent: name }),
      element("p", { textContent: problem.message }),
      wait,
      button && element("p", { className: "tools" }, button),
    ),
  )
  card.dataset.kind = problem.kind
  if (wait) countDown(wait, problem.until)
  return card
}

function countDown(line, until) {
  line.textContent = `Ask again at ${when(until)}.`
  const timer = setInterval(() => {
    if (!line.isConnected) return clearInterval(timer)
    const over = new Date(until) <= new Date()
    line.textContent = over ? "You can ask again now." : `Ask again at ${when(until)}.`
    if (over) clearInterval(timer)
  }, 1000)
}
