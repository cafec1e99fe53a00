// Questions to this page's own server: what comes back is an answer or a problem, never an exception.

const problem = (kind, message, retry) => ({ kind, message, retry, until: null })

const OFFLINE = problem(
  "offline",
  "This page’s own server does not answer: see whether it still runs, and whether you are online.",
  true,
)
const OVERFULL = problem("busy", "This page’s server answers as many as it can: ask again a little later.", true)
const STRANGE = problem(
  "unexpected",
  "This page does not understand what its server answers: load the page anew.",
  false,
)
const STOPPED = problem("stopped", "You stopped it before there was an answer.", true)

/** {answer} or {problem} for one request. */
async function ask(path, options) {
  let response
  try {
    response = await fetch(path, { cache: "no-store", ...options })
    const told = await response.json()
    return response.ok ? { answer: told } : { problem: told.kind ? told : STRANGE }
  } catch (error) {
    if (options.signal?.aborted) return { problem: STOPPED }
    if (!response) return { problem: OFFLINE }
    if (response.status === 503) return { problem: OVERFULL }
    return { problem: error instanceof SyntaxError ? STRANGE : OFFLINE }
  }
}

export const about = () => ask("/api/about", {})
export const examples = () => ask("/api/examples", {})

/** The server's `limit` is told to people before they send what is too large. */
function tooLarge(file, limit) {
  const [size, most] = [file.size, limit].map((number) => number.toLocaleString("en"))
  return problem(
    "too-large",
    `The picture has ${size} bytes, but at most ${most} are taken: give a smaller one.`,
    false,
  )
}

// What can be asked about: each has a `name` to show and an `ask` that takes an AbortSignal.

export function account(login) {
  const query = new URLSearchParams({ login: login.slice(0, 200) })
  return { kind: "account", name: login, ask: (signal) => ask(`/api/accounts?${query}`, { signal }) }
}

export function picture(file, limit) {
  return {
    kind: "picture",
    name: file.name || "a picture",
    ask: async (signal) => {
      if (file.size > limit) return { problem: tooLarge(file, limit) }
      try {
        return await ask("/api/pictures", { method: "POST", body: await file.arrayBuffer(), signal })
      } catch {
        // A folder, or a file that is gone by now.
        return { problem: problem("not-a-picture", "It cannot be read: give a picture file.", false) }
      }
    },
  }
}

export function example(name) {
  return { kind: "example", name, ask: (signal) => ask(`/api/examples/${encodeURIComponent(name)}`, { signal }) }
}
