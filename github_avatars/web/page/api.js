// Requests to the page's own server. Each results in an answer or a problem, never in an exception.

const problem = (kind, message, retry) => ({ kind, message, retry, until: null })

const OFFLINE = problem(
  "offline",
  "This page’s own server does not respond: check that it is running and that you are online.",
  true,
)
const OVERLOADED = problem("busy", "This page’s server is overloaded: try again a little later.", true)
const INVALID = problem("unexpected", "This page’s server sent an invalid response: reload the page.", false)
const STOPPED = problem("stopped", "You stopped the request.", true)

/** The {answer} or {problem} of one request. */
async function request(path, options) {
  let response
  try {
    response = await fetch(path, { cache: "no-store", ...options })
    const content = await response.json()
    return response.ok ? { answer: content } : { problem: content.kind ? content : INVALID }
  } catch (error) {
    if (options.signal?.aborted) return { problem: STOPPED }
    if (!response) return { problem: OFFLINE }
    if (response.status === 503) return { problem: OVERLOADED }
    return { problem: error instanceof SyntaxError ? INVALID : OFFLINE }
  }
}

export const about = () => request("/api/about", {})
export const examples = () => request("/api/examples", {})

/** The problem of a file above the server's limit, which is shown without sending the file. */
function tooLarge(file, maxBytes) {
  const [size, most] = [file.size, maxBytes].map((number) => number.toLocaleString("en"))
  return problem("too-large", `The picture has ${size} bytes, and the limit is ${most}: give a smaller one.`, false)
}

// Subjects: each has a `name` to display, and `request` takes an AbortSignal.

/** An account in any spelling. With the answer, its name becomes the login if the server knows it. */
export function account(text) {
  const query = new URLSearchParams({ login: text.slice(0, 1000) })
  const subject = { kind: "account", name: text }
  subject.request = async (signal) => {
    const result = await request(`/api/accounts?${query}`, { signal })
    subject.name = result.answer?.username ?? text
    return result
  }
  return subject
}

export function picture(file, maxBytes) {
  return {
    kind: "picture",
    name: file.name || "a picture",
    request: async (signal) => {
      if (file.size > maxBytes) return { problem: tooLarge(file, maxBytes) }
      try {
        return await request("/api/pictures", { method: "POST", body: await file.arrayBuffer(), signal })
      } catch {
        // It is a folder, or it was deleted.
        return { problem: problem("not-a-picture", "The file cannot be read: give a picture file.", false) }
      }
    },
  }
}

export function example(name) {
  const path = `/api/examples/${encodeURIComponent(name)}`
  return { kind: "example", name, request: (signal) => request(path, { signal }) }
}
