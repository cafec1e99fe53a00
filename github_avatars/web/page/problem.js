// An error as a card.

import { element, icon } from "/page/element.js"

const TITLES = {
  "bad-login": "Not a valid GitHub name",
  bot: "A GitHub App",
  refused: "Refused by GitHub",
  "no-such-account": "No such account",
  "rate-limited": "Rate limit of GitHub exceeded",
  unreachable: "GitHub is unavailable",
  "login-required": "Login required",
  "foreign-redirect": "The response is not from GitHub",
  "not-a-picture": "Not a picture",
  "too-large": "Too large",
  busy: "Too many requests",
  offline: "Offline",
  stopped: "Stopped",
  "bad-input": "Invalid request",
}
const DEFAULT_TITLE = "Something went wrong"

const CLOCK = "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 5v3.5l2.5 1.5"
const BROKEN = "M2 8h3M11 8h3M6.5 5.5l3 5M9.5 5.5l-3 5"
const PERSON = "M8 2.5a2.75 2.75 0 1 1 0 5.5a2.75 2.75 0 0 1 0-5.5zM2.5 14a5.5 5.5 0 0 1 11 0"
const SHEET = "M4 2h5l3 3v9H4zM6 9l4 0M6 11.5l4 0"
const SQUARE = "M4 4h8v8H4z"
const ICONS = {
  "bad-login": PERSON,
  "no-such-account": PERSON,
  "rate-limited": CLOCK,
  busy: CLOCK,
  "not-a-picture": SHEET,
  "too-large": SHEET,
  stopped: SQUARE,
}

export const titleOf = (problem) => TITLES[problem.kind] ?? DEFAULT_TITLE

/** The time of a retry in words, for example "14:05 (in 58 minutes)". */
export function formatTime(until, now = new Date()) {
  const end = new Date(until)
  const seconds = Math.max(0, Math.ceil((end - now) / 1000))
  const minutes = Math.ceil(seconds / 60)
  const hours = Math.round(minutes / 60)
  const longer = hours < 48 ? `${hours} hours` : `${Math.round(hours / 24).toLocaleString("en-GB")} days`
  const left = seconds < 90 ? `${seconds} s` : minutes < 90 ? `${minutes} minutes` : longer
  const isToday = end.toDateString() === now.toDateString()
  const time = end.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
  return `${isToday ? time : `${end.toLocaleDateString("en-GB")}, ${time}`} (in ${left})`
}

/** A problem as a card. If a retry may succeed, it has a button that calls `retry`. */
export function problemCard(name, problem, retry) {
  const wait = problem.until && element("p", { className: "until" })
  const button =
    problem.retry && retry && element("button", { type: "button", textContent: "Try again", onclick: retry })
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
  line.textContent = `Try again at ${formatTime(until)}.`
  const timer = setInterval(() => {
    if (!line.isConnected) return clearInterval(timer)
    const isOver = new Date(until) <= new Date()
    line.textContent = isOver ? "You can try again now." : `Try again at ${formatTime(until)}.`
    if (isOver) clearInterval(timer)
  }, 1000)
}
