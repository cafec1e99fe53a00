// The page: what its address names, its form, its gallery and its toy, and the place where answers appear.

import { answerCard, sentence } from "/page/answer.js"
import { about, account, example, picture } from "/page/asking.js"
import { element, say } from "/page/element.js"
import { fillGallery } from "/page/gallery.js"
import { List, title } from "/page/list.js"
import { fitsAddress, MOST, names } from "/page/names.js"
import { takePictures } from "/page/pictures.js"
import { problemCard, titleOf } from "/page/problem.js"
import { startToy } from "/page/toy.js"
import { waitingCard } from "/page/waiting.js"

const TITLE = document.title
const place = document.getElementById("answer")
const field = document.getElementById("names")
const form = document.getElementById("ask")
let limit = Infinity
let stop = new AbortController()

/** Let go of whatever is shown or asked; what is asked next can be stopped by the signal. */
function begin() {
  stop.abort()
  stop = new AbortController()
  return stop.signal
}

function show(card, what) {
  place.replaceChildren(card)
  document.title = `${what} · ${TITLE}`
}

function clear() {
  begin()
  place.replaceChildren()
  document.title = TITLE
  say("")
}

async function lookAtOne(subject) {
  const signal = begin()
  const own = stop
  show(
    waitingCard(subject, () => own.abort()),
    subject.name,
  )
  say(`Looking at ${subject.name}.`)
  const { answer, problem } = await subject.ask(signal)
  // Something else was asked meanwhile.
  if (stop !== own) return
  if (answer) {
    show(answerCard(subject, answer), `${subject.name}: ${answer.prediction}`)
    say(sentence(subject, answer))
  } else {
    show(
      problemCard(subject.name, problem, () => lookAtOne(subject)),
      `${subject.name}: ${titleOf(problem)}`,
    )
    say(`${titleOf(problem)}. ${problem.message}`)
  }
}

function lookAtMany(given) {
  const signal = begin()
  const subjects = given.slice(0, MOST)
  const list = new List(subjects)
  signal.addEventListener("abort", () => list.stop?.abort())
  show(list.card, title(subjects))
  if (given.length > MOST) {
    const note = `Only the first ${MOST} of ${given.length} are asked for.`
    list.card.insertBefore(element("p", { className: "note", textContent: note }), list.notice)
  }
  say(`Looking at ${title(subjects)}.`)
  list.run()
}

/** Look at subjects, and make `address` the page's. */
function look(subjects, address) {
  if (!subjects.length) return field.focus()
  if (address !== location.pathname + location.search) history.pushState(null, "", address)
  if (subjects.length === 1) lookAtOne(subjects[0])
  else lookAtMany(subjects)
}

function lookAtNames(text) {
  const found = names(text)
  look(found.map(account), found.length === 1 && fitsAddress(found[0]) ? `/${found[0]}` : "/")
}

/** Look at what the page's address names. */
function follow() {
  const name = new URLSearchParams(location.search).get("name")
  const picked = new URLSearchParams(location.search).get("example")
  const path = location.pathname.slice(1)
  if (picked) return lookAtOne(example(picked))
  if (name) return lookAtNames(name)
  if (!path) return clear()
  let login = path
  try {
    login = decodeURIComponent(path)
  } catch {
    /* it stays as it is, and the server says what is wrong with it */
  }
  field.value = login
  fit()
  lookAtOne(account(login))
}

/** As tall as what is in it. */
function fit() {
  field.rows = Math.min(6, Math.max(1, field.value.split("\n").length))
}

form.addEventListener("submit", (event) => {
  event.preventDefault()
  lookAtNames(field.value)
})
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
  event.preventDefault()
  form.requestSubmit()
})
field.addEventListener("input", fit)
field.addEventListener("paste", (event) => {
  // A list that is pasted is meant to be looked at.
  const text = event.clipboardData?.getData("text/plain") ?? ""
  if (names(text).length > 1 && !field.value.trim())
    setTimeout(() => {
      fit()
      form.requestSubmit()
    })
})
window.addEventListener("popstate", follow)

takePictures((files) =>
  look(
    files.map((file) => picture(file, limit)),
    "/",
  ),
)
fillGallery((name) => {
  look([example(name)], `/?example=${encodeURIComponent(name)}`)
  place.scrollIntoView({ block: "start" })
})
startToy()
about().then(({ answer }) => {
  if (!answer) return
  limit = answer.max_bytes
  const parts = []
  if (answer.demo) parts.push("Demo: a stand-in answers for GitHub. Try octocat or default-0.")
  if (answer.cog) parts.push(`Verdicts by the Cog server at ${answer.cog}.`)
  document.getElementById("served").textContent = parts.join(" ")
})
follow()
