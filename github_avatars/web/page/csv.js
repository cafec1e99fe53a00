// The list of answers as a CSV file.

const COLUMNS = [
  "name",
  "prediction",
  "probability",
  "github_grey",
  "distinct_colors",
  "identicon_error",
  "account_id",
  "verified",
  "href",
]

/** A cell, quoted if necessary. An apostrophe keeps spreadsheets from interpreting text as a formula. */
export function cell(value) {
  if (value === null || value === undefined) return ""
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows of {name, answer, problem} as CSV. */
export function csv(rows) {
  const lines = rows.map(({ name, answer, problem }) => [
    ...COLUMNS.map((column) => cell(column === "name" ? name : answer?.[column])),
    cell(problem?.kind),
    cell(problem?.message),
  ])
  return [[...COLUMNS, "problem", "message"], ...lines].map((line) => `${line.join(",")}\r\n`).join("")
}

export function download(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }))
  const link = document.createElement("a")
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
