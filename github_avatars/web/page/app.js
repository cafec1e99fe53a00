// The page: what its address requests, its form, its gallery, and the place where answers appear.

import { answerCard, sentence } from "/page/answer.js"
import { about, account, example, picture } from "/page/api.js"
import { announce, element } from "/page/element.js"
import { fillGallery } from "/page/gallery.js"
import { startIdenticon } from "/page/identicon.js"
import { List, title } from "/page/list.js"
import { addressOf, MAX_NAMES, parseNames } from "/page/names.js"
import { acceptPictures } from "/page/pictures.js"
import { problemCard, titleOf } from "/page/problem.js"
import { waitingCard } from "/page/waiting.js"

const TITLE = document.title
const place = document.getElementById("answer")
const field = document.getElementById("names")
const form = document.getElementById("ask")
let maxBytes = Infinity
let controller = new AbortController()

/** Cancel the current requests; returns a signal that cancels the next ones. */
function begin() {
  controller.abort()
  controller = new AbortController()
  return controller.signal
}

function show(card, name) {
  place.replaceChildren(card)
  document.title = `${name} · ${TITLE}`
}

function clear() {
  begin()
  place.replaceChildren()
  document.title = TITLE
  announce("")
}

async function checkOne(subject) {
  const signal = begin()
  const own = controller
  show(
    waitingCard(subject, () => own.abort()),
    subject.name,
  )
  announce(`Checking ${subject.name}.`)
  const { answer, problem } = await subject.request(signal)
  // Another check has started meanwhile.
  if (controller !== own) return
  if (answer) {
    // The server knows the login in an address such as https://github.com/zeke.
    if (subject.kind === "account") history.replaceState(null, "", addressOf(subject.name))
    show(answerCard(subject, answer), `${subject.name}: ${answer.prediction}`)
    announce(sentence(subject, answer))
  } else {
    show(
      problemCard(subject.name, problem, () => checkOne(subject)),
      `${subject.name}: ${titleOf(problem)}`,
    )
    announce(`${titleOf(problem)}. ${problem.message}`)
  }
}

function checkMany(all) {
  const signal = begin()
  const subjects = all.slice(0, MAX_NAMES)
  const list = new List(subjects)
  signal.addEventListener("abort", () => list.controller?.abort())
  show(list.card, title(subjects))
  if (all.length > MAX_NAMES) {
    const note = `Only the first ${MAX_NAMES} of ${all.length} are checked.`
    list.card.insertBefore(element("p", { className: "note", textContent: note }), list.notice)
  }
  announce(`Checking ${title(subjects)}.`)
  list.run()
}

/** Check subjects, and change the page's address to `address`. */
function check(subjects, address) {
  if (!subjects.length) return field.focus()
  if (address !== location.pathname + location.search) history.pushState(null, "", address)
  if (subjects.length === 1) checkOne(subjects[0])
  else checkMany(subjects)
}

function checkNames(text) {
  const names = parseNames(text)
  check(names.map(account), names.length === 1 ? addressOf(names[0]) : "/")
}

/** Check what the page's address names. */
function followAddress() {
  const query = new URLSearchParams(location.search)
  const path = location.pathname.slice(1)
  if (query.get("example")) return checkOne(example(query.get("example")))
  if (query.get("name")) return checkNames(query.get("name"))
  if (!path) return clear()
  let login = path
  try {
    login = decodeURIComponent(path)
  } catch {
    /* The server explains what is wrong with it. */
  }
  field.value = login
  resizeField()
  checkOne(account(login))
}

function resizeField() {
  field.rows = Math.min(6, Math.max(1, field.value.split("\n").length))
}

form.addEventListener("submit", (event) => {
  event.preventDefault()
  checkNames(field.value)
})
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
  event.preventDefault()
  form.requestSubmit()
})
field.addEventListener("input", resizeField)
field.addEventListener("paste", (event) => {
  // A pasted list is submitted at once.
  const text = event.clipboardData?.getData("text/plain") ?? ""
  if (parseNames(text).length > 1 && !field.value.trim())
    setTimeout(() => {
      resizeField()
      form.requestSubmit()
    })
})
window.addEventListener("popstate", followAddress)

acceptPictures((files) =>
  check(
    files.map((file) => picture(file, maxBytes)),
    "/",
  ),
)
fillGallery((name) => {
  check([example(name)], `/?example=${encodeURIComponent(name)}`)
  place.scrollIntoView({ block: "start" })
})
startIdenticon()
about().then(({ answer }) => {
  if (!answer) return
  maxBytes = answer.max_bytes
  if (answer.demo)
    document.getElementById("server").textContent = "Demo: a stand-in replaces GitHub. Try octocat or default-0."
})
followAddress()
