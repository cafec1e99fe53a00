// GitHub names in text that people type or paste.

/** The longest list that is checked. */
export const MAX_NAMES = 500

/** The distinct names of a text, in order. It may contain lists, mentions and addresses of profiles. */
export function parseNames(text) {
  const names = text
    .split(/[\s,;]+/)
    .map((word) => word.replace(/^https?:\/\/(www\.)?github\.com\/|^github\.com\//i, "").replace(/^@/, ""))
    .map((word) => word.replace(/\/+$/, "").replace(/\.png$/, ""))
    .filter(Boolean)
  const seen = new Set()
  return names.filter((name) => !seen.has(name.toLowerCase()) && seen.add(name.toLowerCase()))
}

/** Whether the name can be the path of this page's address without encoding. */
export const fitsAddress = (name) => /^[\w-]+$/.test(name)
