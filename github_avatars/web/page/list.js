// Many subjects: a table whose rows are filled as answers arrive.

import { answerCard, confidence } from "/page/answer.js"
import { csv, download } from "/page/csv.js"
import { announce, element } from "/page/element.js"
import { problemCard, titleOf } from "/page/problem.js"

/** Concurrent requests; a low number keeps the load on GitHub low. */
const CONCURRENCY = 4

/** Problems that the next subject would have too. */
const HALTING = new Set(["rate-limited", "offline"])

/** For example "50 names". */
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
    this.controller = null
    this.progress = element("progress", { max: subjects.length, value: 0, "aria-label": "Progress" })
    this.count = element("p", { className: "count" })
    this.button = element("button", {
      type: "button",
      onclick: () => (this.controller ? this.controller.abort() : this.run()),
    })
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

  /** Request every row without an answer, in order, until none remains or the list is stopped. */
  async run() {
    this.controller = new AbortController()
    const { signal } = this.controller
    this.notice.replaceChildren()
    const pending = this.rows.filter((row) => row.isOpen)
    for (const row of pending) row.reset()
    this.update()
    const worker = async () => {
      while (pending.length && !signal.aborted) {
        await this.request(pending.shift(), signal)
        this.update()
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, worker))
    for (const row of pending) row.skip()
    this.controller = null
    this.update()
    announce(`${this.count.textContent}.`)
  }

  async request(row, signal) {
    row.mark("fetching", "fetching …")
    let result = await row.subject.request(signal)
    while (result.problem?.kind === "busy" && !signal.aborted) {
      await pause(Math.max(500, new Date(result.problem.until ?? 0) - Date.now()), signal)
      result = await row.subject.request(signal)
    }
    if (result.problem?.kind === "stopped") return row.skip()
    if (HALTING.has(result.problem?.kind) && !signal.aborted) {
      this.notice.replaceChildren(problemCard("", result.problem, null))
      this.controller.abort()
    }
    row.finish(result)
  }

  update() {
    const counts = { default: 0, custom: 0, problem: 0 }
    for (const { answer, problem } of this.rows) {
      if (answer) counts[answer.prediction] += 1
      else if (problem) counts.problem += 1
    }
    const done = counts.default + counts.custom + counts.problem
    const parts = [`${done} of ${this.rows.length}`, `${counts.default} default`, `${counts.custom} custom`]
    if (counts.problem) parts.push(`${counts.problem} failed`)
    this.count.textContent = parts.join(" · ")
    this.progress.value = done
    this.progress.hidden = !this.controller
    this.button.textContent = this.controller ? "Stop" : "Resume"
    this.button.hidden = !this.controller && !this.rows.some((row) => row.isOpen)
    this.card.dataset.done = done
  }

  download() {
    download(
      csv(this.rows.map(({ subject, answer, problem }) => ({ name: subject.name, answer, problem }))),
      "avatars.csv",
    )
  }
}

function table(rows) {
  const titles = ["Name", "Avatar", "Confidence", "Account"]
  return element(
    "table",
    {},
    element("caption", { className: "unseen", textContent: "The answers; select a name to see the explanation" }),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td", {}),
        ...titles.map((title, number) =>
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
    this.result = element("td", { className: "result" })
    this.confidence = element("td", { className: "wide" })
    this.account = element("td", { className: "wide number" })
    this.line = element("tr", {}, this.thumbnail, this.name, this.result, this.confidence, this.account)
    this.body = element("tbody", {}, this.line)
    this.details = null
  }

  /** Whether a request is still necessary, or may succeed if it is repeated. */
  get isOpen() {
    return !this.answer && (!this.problem || this.problem.retry)
  }

  reset() {
    this.problem = null
    this.close()
    this.name.replaceChildren(this.subject.name)
    this.mark("waiting", "…")
  }

  skip() {
    this.mark("skipped", "not checked")
  }

  mark(state, text) {
    this.body.dataset.state = state
    this.result.textContent = text
  }

  finish({ answer, problem }) {
    this.answer = answer ?? null
    this.problem = problem ?? null
    this.mark(answer ? answer.prediction : "problem", answer ? answer.prediction : titleOf(problem))
    if (answer)
      this.thumbnail.replaceChildren(element("img", { src: answer.pictures.picture, alt: "", width: 36, height: 36 }))
    this.confidence.textContent = answer ? confidence(answer) : ""
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
    if (this.details) return this.close()
    const card = this.answer ? answerCard(this.subject, this.answer) : problemCard("", this.problem, null)
    this.details = element("tr", { className: "details" }, element("td", { colSpan: 5 }, card))
    this.body.append(this.details)
    this.name.firstChild.ariaExpanded = "true"
  }

  close() {
    this.details?.remove()
    this.details = null
    if (this.name.firstElementChild) this.name.firstElementChild.ariaExpanded = "false"
  }
}
