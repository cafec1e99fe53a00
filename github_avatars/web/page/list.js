// Many at once: a table that fills as answers come.

import { answerCard, sureness } from "/page/answer.js"
import { csv, download } from "/page/csv.js"
import { element, say } from "/page/element.js"
import { problemCard, titleOf } from "/page/problem.js"

/** Asked side by side; GitHub should not be asked by many at once. */
const SIDE_BY_SIDE = 4

/** After these it makes no sense to go on with the next one. */
const HALTING = new Set(["rate-limited", "offline"])

/** As "50 names". */
export const title = (subjects) => `${subjects.length} ${subjects[0].kind === "picture" ? "pictures" : "names"}`

const pause = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })

export class List {
  constructor(subjects) {
    this.rows = subjects.map((subject) => new Row(subject))
    this.progress = element("progress", { max: subjects.length, value: 0, "aria-label": "Answered" })
    this.count = element("p", { className: "count" })
    this.button = element("button", { type: "button", onclick: () => (this.stop ? this.stop.abort() : this.run()) })
    this.save = element("button", { type: "button", textContent: "Save as CSV", onclick: () => this.download() })
    this.notice = element("div", {})
    this.card = element(
      "article",
      { className: "card list" },
      element(
        "div",
        { className: "head" },
        element("div", {}, element("h2", { textContent: title(subjects) }), this.count, this.progress),
        element("p", { className: "tools" }, this.button, this.save),
      ),
      this.notice,
      table(this.rows),
    )
  }

  /** Ask for every row that has no answer yet, in order, until all have one or it is stopped. */
  async run() {
    this.stop = new AbortController()
    const { signal } = this.stop
    this.notice.replaceChildren()
    const waiting = this.rows.filter((row) => row.isOpen)
    for (const row of waiting) row.wait()
    this.tell()
    const worker = async () => {
      while (waiting.length && !signal.aborted) {
        await this.ask(waiting.shift(), signal)
        this.tell()
      }
    }
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
    for (const row of waiting) row.skip()
    this.stop = null
    this.tell()
    say(`${this.count.textContent}.`)
  }

  async ask(row, signal) {
    row.ask()
    let found = await row.subject.ask(signal)
    while (found.problem?.kind === "busy" && !signal.aborted) {
      await pause(Math.max(500, new Date(found.problem.until ?? 0) - Date.now()), signal)
      found = await row.subject.ask(signal)
    }
    if (found.problem?.kind === "stopped") return row.skip()
    if (HALTING.has(found.problem?.kind) && !signal.aborted) {
      this.notice.replaceChildren(problemCard("", found.problem, null))
      this.stop.abort()
    }
    row.settle(found)
  }

  tell() {
    const counts = { default: 0, custom: 0, problem: 0 }
    for (const { answer, problem } of this.rows) {
      if (answer) counts[answer.prediction] += 1
      else if (problem) counts.problem += 1
    }
    const settled = counts.default + counts.custom + counts.problem
    const parts = [`${settled} of ${this.rows.length}`, `${counts.default} default`, `${counts.custom} custom`]
    if (counts.problem) parts.push(`${counts.problem} without an answer`)
    this.count.textContent = parts.join(" · ")
    this.progress.value = settled
    this.progress.hidden = !this.stop
    this.button.textContent = this.stop ? "Stop" : "Go on"
    this.button.hidden = !this.stop && !this.rows.some((row) => row.isOpen)
    this.card.dataset.settled = settled
  }

  download() {
    download(
      csv(this.rows.map(({ subject, answer, problem }) => ({ name: subject.name, answer, problem }))),
      "avatars.csv",
    )
  }
}

function table(rows) {
  const head = ["", "Name", "Shows", "How sure", "Account"]
  return element(
    "table",
    {},
    element("caption", { className: "unseen", textContent: "The answers; a name opens what is behind one" }),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td", {}),
        ...head
          .slice(1)
          .map((title, number) =>
            element("th", { scope: "col", className: number > 1 ? "wide" : "", textContent: title }),
          ),
      ),
    ),
    ...rows.map((row) => row.body),
  )
}

class Row {
  constructor(subject) {
    this.subject = subject
    this.answer = this.problem = null
    this.thumbnail = element("td", { className: "thumbnail" })
    this.name = element("th", { scope: "row", textContent: subject.name })
    this.shows = element("td", { className: "shows" })
    this.sure = element("td", { className: "wide" })
    this.account = element("td", { className: "wide number" })
    this.line = element("tr", {}, this.thumbnail, this.name, this.shows, this.sure, this.account)
    this.body = element("tbody", {}, this.line)
    this.opened = null
  }

  get isOpen() {
    return !this.answer && (!this.problem || this.problem.retry)
  }

  wait() {
    this.problem = null
    this.close()
    this.name.replaceChildren(this.subject.name)
    this.mark("waits", "…")
  }

  ask() {
    this.mark("asks", "asking …")
  }

  skip() {
    this.mark("skipped", "not asked")
  }

  mark(state, text) {
    this.body.dataset.state = state
    this.shows.textContent = text
  }

  settle({ answer, problem }) {
    this.answer = answer ?? null
    this.problem = problem ?? null
    this.mark(answer ? answer.prediction : "problem", answer ? answer.prediction : titleOf(problem))
    if (answer?.pictures)
      this.thumbnail.replaceChildren(element("img", { src: answer.pictures.picture, alt: "", width: 36, height: 36 }))
    this.sure.textContent = answer ? sureness(answer) : ""
    this.account.textContent = answer?.account_id ?? ""
    this.name.replaceChildren(
      element("button", {
        type: "button",
        className: "link",
        textContent: this.subject.name,
        ariaExpanded: "false",
        onclick: () => this.toggle(),
      }),
    )
  }

  toggle() {
    if (this.opened) return this.close()
    const card = this.answer ? answerCard(this.subject, this.answer) : problemCard("", this.problem, null)
    this.opened = element("tr", { className: "opened" }, element("td", { colSpan: 5 }, card))
    this.body.append(this.opened)
    this.name.firstChild.ariaExpanded = "true"
  }

  close() {
    this.opened?.remove()
    this.opened = null
    if (this.name.firstElementChild) this.name.firstElementChild.ariaExpanded = "false"
  }
}
