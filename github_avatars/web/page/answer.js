// One answer, drawn: the verdict in words, the picture, and why.

import { bars } from "/page/bars.js"
import { element, icon } from "/page/element.js"
import { tools } from "/page/snippets.js"

const CHECK = "M3 8.5l3.5 3.5L13 5"

/** The verdict as a sentence without its subject. */
const shows = (answer) => (answer.prediction === "default" ? "GitHub’s default avatar" : "an avatar of its own")

/** How sure, as the server says it behind the label: "over 99.9 % sure". */
export const sureness = (answer) => answer.words.split(", ").slice(1).join(", ")

const capitalized = (text) => text[0].toUpperCase() + text.slice(1)

/** The whole answer in one sentence. */
export function sentence(subject, answer) {
  const whose = subject.kind === "account" ? `${subject.name} shows` : `${subject.name} is`
  const what =
    subject.kind === "account" || answer.prediction === "default" ? shows(answer) : "not GitHub’s default avatar"
  return `${whose} ${what}: ${sureness(answer)}.`
}

export function answerCard(subject, answer) {
  const card = element(
    "article",
    { className: `card answer ${answer.prediction}` },
    verdict(subject, answer),
    answer.missing && element("p", { className: "note", textContent: answer.missing }),
    answer.pictures && panels(subject, answer),
    answer.why && bars(answer.why),
    tools(subject),
  )
  card.dataset.prediction = answer.prediction
  return card
}

function verdict(subject, answer) {
  const isAccount = subject.kind === "account"
  const sure = Math.max(answer.probability, 1 - answer.probability)
  const gauge = element("span", { className: "gauge", "aria-hidden": "true" })
  gauge.style.setProperty("--sure", ((sure - 0.5) * 2).toFixed(4))
  const what = isAccount || answer.prediction === "default" ? shows(answer) : "not GitHub’s default avatar"
  return element(
    "div",
    { className: "verdict" },
    answer.pictures &&
      element("img", { className: "avatar", src: answer.pictures.picture, alt: `The picture: ${subject.name}` }),
    element(
      "div",
      {},
      element(
        "h2",
        {},
        element("span", { className: "subject", textContent: subject.name }),
        ` ${isAccount ? "shows" : "is"} `,
        element("span", { className: "what", textContent: what }),
      ),
      element("p", { className: "sure" }, gauge, element("span", { textContent: `${capitalized(sureness(answer))}.` })),
      proof(answer),
      isAccount && answer.href && profile(subject, answer),
    ),
  )
}

/** What the account id proves of a picture that looks like a default avatar. */
function proof(answer) {
  if (answer.verified) {
    return element(
      "p",
      { className: "proof" },
      icon(CHECK),
      element("span", { textContent: `To the pixel what GitHub draws for account ${answer.account_id}.` }),
    )
  }
  if (answer.prediction === "default" && answer.account_id !== null) {
    return element("p", {
      className: "faint",
      textContent: `Yet not, to the pixel, what GitHub draws for account ${answer.account_id}.`,
    })
  }
  return null
}

function profile(subject, answer) {
  const address = answer.href.replace(/\.png$/, "")
  const line = element("p", { className: "faint" })
  if (answer.account_id !== null) line.append(`Account ${answer.account_id} · `)
  line.append(
    /^https?:\/\//.test(address)
      ? element("a", { href: address, rel: "noopener noreferrer", target: "_blank", textContent: "Profile" })
      : address,
  )
  return line
}

function panels(subject, answer) {
  const colors = answer.distinct_colors === 1 ? "1 colour" : `${answer.distinct_colors} colours`
  const grey = answer.github_grey ? `Dotted: the ${answer.github_grey} of exactly` : "None of them is exactly"
  const figures = [
    ["What is looked at", answer.pictures.sample, `24 × 24 pixels, ${colors}. ${grey} GitHub’s grey.`],
    [
      "The best-fitting identicon",
      answer.pictures.fit,
      `Of all that GitHub could draw, this comes nearest. Its colour: ${answer.fit.color}.`,
    ],
    [
      "Where they differ",
      answer.pictures.difference,
      `The darker, the more. In all: ${answer.identicon_error.toFixed(2)} of 1. Hatched: not looked at.`,
    ],
  ]
  if (subject.kind === "account" && answer.prediction === "custom" && answer.account_id !== null) {
    figures.push([
      "What it would be",
      `/api/identicons/${answer.account_id}.png`,
      `GitHub’s default avatar for account ${answer.account_id}.`,
    ])
  }
  return element(
    "div",
    { className: "panels" },
    ...figures.map(([title, source, text]) =>
      element(
        "figure",
        {},
        element("img", { src: source, alt: "", width: 240, height: 240 }),
        element(
          "figcaption",
          {},
          element("strong", { textContent: title }),
          element("span", { className: "faint", textContent: text }),
        ),
      ),
    ),
  )
}
