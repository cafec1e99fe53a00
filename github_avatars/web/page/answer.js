// One answer as a card: the verdict in words, the picture, and the explanation.

import { bars } from "/page/bars.js"
import { element, icon } from "/page/element.js"
import { tools } from "/page/snippets.js"

const CHECK = "M3 8.5l3.5 3.5L13 5"

const isAccount = (subject) => subject.kind === "account"

/** The confidence as the server formats it after the label: "over 99.9 % sure". */
export const confidence = (answer) => answer.words.split(", ").slice(1).join(", ")

const capitalize = (text) => text[0].toUpperCase() + text.slice(1)

const verb = (subject) => (isAccount(subject) ? "shows" : "is")

function object(subject, answer) {
  if (answer.prediction === "default") return "GitHub’s default avatar"
  return isAccount(subject) ? "a custom avatar" : "not GitHub’s default avatar"
}

/** The answer in one sentence. */
export const sentence = (subject, answer) =>
  `${subject.name} ${verb(subject)} ${object(subject, answer)}: ${confidence(answer)}.`

export function answerCard(subject, answer) {
  const card = element(
    "article",
    { className: `card answer ${answer.prediction}` },
    verdict(subject, answer),
    panels(subject, answer),
    bars(answer.why),
    tools(subject),
  )
  card.dataset.prediction = answer.prediction
  return card
}

function verdict(subject, answer) {
  const gauge = element("span", { className: "gauge", "aria-hidden": "true" })
  const probability = Math.max(answer.probability, 1 - answer.probability)
  gauge.style.setProperty("--confidence", ((probability - 0.5) * 2).toFixed(4))
  return element(
    "div",
    { className: "verdict" },
    element("img", { className: "avatar", src: answer.pictures.picture, alt: `The picture: ${subject.name}` }),
    element(
      "div",
      {},
      element(
        "h2",
        {},
        element("span", { className: "subject", textContent: subject.name }),
        ` ${verb(subject)} `,
        element("span", { className: "object", textContent: object(subject, answer) }),
      ),
      element(
        "p",
        { className: "confidence" },
        gauge,
        element("span", { textContent: `${capitalize(confidence(answer))}.` }),
      ),
      verification(answer),
      isAccount(subject) && profile(answer),
    ),
  )
}

/** Whether a picture that is classified as default is the one of this account id. */
function verification(answer) {
  if (answer.verified) {
    return element(
      "p",
      { className: "verification" },
      icon(CHECK),
      element("span", { textContent: `Every pixel is as GitHub draws it for account ${answer.account_id}.` }),
    )
  }
  if (answer.prediction === "default" && answer.account_id !== null) {
    return element("p", {
      className: "faint",
      textContent: `But it is not what GitHub draws for account ${answer.account_id}.`,
    })
  }
  return null
}

function profile(answer) {
  const address = answer.href.replace(/\.png$/, "")
  const title = address === answer.href ? "Picture" : "Profile"
  const line = element("p", { className: "faint" })
  if (answer.account_id !== null) line.append(`Account ${answer.account_id} · `)
  line.append(
    /^https?:\/\//.test(address)
      ? element("a", { href: address, rel: "noopener noreferrer", target: "_blank", textContent: title })
      : address,
  )
  return line
}

function panels(subject, answer) {
  const colors = answer.distinct_colors === 1 ? "1 color" : `${answer.distinct_colors} colors`
  const grey = answer.github_grey
    ? `Dotted: exactly GitHub grey (${answer.github_grey}).`
    : "None is exactly GitHub grey."
  const figures = [
    ["The sample", answer.pictures.sample, `24 × 24 pixels, ${colors}. ${grey}`],
    [
      "The best-fitting identicon",
      answer.pictures.fit,
      `The closest identicon that GitHub could draw. Its color: ${answer.fit.color}.`,
    ],
    [
      "Their difference",
      answer.pictures.difference,
      `Darker is larger. Error: ${answer.identicon_error.toFixed(2)} (0 to 1). Hatched: not measured.`,
    ],
  ]
  if (isAccount(subject) && answer.prediction === "custom" && answer.account_id !== null) {
    figures.push([
      "The default avatar",
      `/api/identicons/${answer.account_id}.png`,
      `What GitHub draws for account ${answer.account_id}.`,
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
