// Questions to this page's own server: what comes back is an answer or a problem, never an exception.

const OFFLINE = {
  kind: "offline",
  message: "This page’s own server does not answer.",
  remedy: "See whether it still runs, and whether you are online.",
  retry: true,
  until: null,
}
const OVERFULL = {
  kind: "busy",
  message: "This page’s server answers as many as it can.",
  remedy: "Ask again a little later.",
  retry: true,
  until: null,
}
const STRANGE = {
  kind: "unexpected",
  message: "This page’s server gave an answer that this page does not understand.",
  remedy: "Load the page anew.",
  retry: false,
  until: null,
}
const STOPPED = { kind: "stopped", message: "You stopped it.", remedy: "", retry: true, until: null }

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
  return {
    kind: "too-large",
    message: `${file.name} has ${file.size.toLocaleString("en")} bytes, more than the ${limit.toLocaleString("en")} that are taken.`,
    remedy: "Give a smaller picture.",
    retry: false,
    until: null,
  }
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
    ask: async (signal) =>
      file.size > limit
        ? { problem: tooLarge(file, limit) }
        : ask("/api/pictures", { method: "POST", body: file, signal }),
  }
}

export function example(name) {
  return { kind: "example", name, ask: (signal) => ask(`/api/examples/${encodeURIComponent(name)}`, { signal }) }
}
