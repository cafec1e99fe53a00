// The accounts in text that people type or paste. What an account is, and how it can be written, the server decides.

/** The longest list that is checked. */
export const MAX_NAMES = 500

/** The distinct words of a text, in order. */
export function parseNames(text) {
  const seen = new Set()
  return text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .filter((name) => !seen.has(name.toLowerCase()) && seen.add(name.toLowerCase()))
}

/** The path and query of the page's address for an account. */
export const addressOf = (name) => (/^[\w-]+$/.test(name) ? `/${name}` : `/?name=${encodeURIComponent(name)}`)
