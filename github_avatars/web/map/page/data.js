// The accounts, edges and discs, from the JSON in the page. An account is given by its index.

export const data = JSON.parse(document.getElementById("data").textContent)

export const count = data.rows.length

const places = new Map(data.columns.map((name, place) => [name, place]))

export const valueOf = (account, column) => data.rows[account][places.get(column)]

/** A verdict, or "none" for an account that was not classified. */
export const verdictOf = (account) => valueOf(account, "label") ?? "none"

export const VERDICTS = new Map([
  ["default", "default"],
  ["custom", "custom"],
  ["none", "not classified"],
])

export function nameOf(account) {
  const id = valueOf(account, "account_id")
  return valueOf(account, "login") ?? valueOf(account, "email") ?? (id ? `#${id}` : (valueOf(account, "href") ?? "?"))
}

const names = Array.from({ length: count }, (_, account) => nameOf(account).toLowerCase())

export const matches = (account, query) =>
  names[account].includes(query) || String(valueOf(account, "account_id") ?? "") === query.replace(/^#/, "")

/** The address of an account's profile; null if there is none. */
export function profileOf(account) {
  const login = valueOf(account, "login") ?? ""
  return isWebAddress(data.host) && /^[A-Za-z0-9_-]{1,100}$/.test(login) ? `${data.host}/${login}` : null
}

export const isWebAddress = (text) => /^https?:\/\//.test(text ?? "")

/** Follower, followed, follower, followed and so on. */
export const edges = decode(data.edges ?? "")

function decode(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Uint16Array.from({ length: bytes.length / 2 }, (_, place) => view.getUint16(2 * place, true))
}

/** The accounts that follow an account, and those that it follows. */
export function neighborsOf(account) {
  const followers = []
  const following = []
  for (let place = 0; place < edges.length; place += 2) {
    if (edges[place + 1] === account) followers.push(edges[place])
    if (edges[place] === account) following.push(edges[place + 1])
  }
  return { followers, following }
}

export const number = (value) => value.toLocaleString("en")

export const plural = (value, noun, nouns = `${noun}s`) => `${number(value)} ${value === 1 ? noun : nouns}`

/** What is selected and shown. Accounts that are not visible are faint. */
export const state = { visible: new Uint8Array(count).fill(1), pictures: true, edges: true }
