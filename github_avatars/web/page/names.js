// GitHub names in what people type and paste.

/** At most so many are asked for at once. */
export const MOST = 500

/** The names of a text, each once, in their order: lists, mentions and addresses of profiles. */
export function names(text) {
  const found = text
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^https?:\/\/(www\.)?github\.com\/|^github\.com\//i, "").replace(/^@/, ""))
    .map((word) => word.replace(/\/+$/, "").replace(/\.png$/, ""))
    .filter(Boolean)
  const seen = new Set()
  return found.filter((name) => !seen.has(name.toLowerCase()) && seen.add(name.toLowerCase()))
}

/** Whether an address of this page can end in the name as it stands. */
export const fitsAddress = (name) => /^[\w-]+$/.test(name)
