// What the page says: passing words, a line at the top, questions.
import { $, h } from "./dom.js";

/** Words that pass; `action` is [text, work] of a button. Returns a function that takes them away. */
export function say(text, action, seconds = 5) {
  const toast = h("div", { class: "toast" }, h("span", {}, text));
  const close = () => toast.remove();
  if (action) {
    toast.append(h("button", {
      type: "button",
      onclick: () => {
        close();
        action[1]();
      },
    }, action[0]));
  }
  $("toasts").append(toast);
  // What lies outside an open dialog cannot be clicked.
  [...document.querySelectorAll("dialog[open]")].at(-1)?.append($("toasts"));
  setTimeout(close, seconds * 1000);
  return close;
}

/** Says what went wrong. */
export function complain(error) {
  if (error?.name !== "AbortError") say(error.message ?? String(error), null, 8);
}

let isGone = false;

/** Says that the server does not answer, until `serverIsBack`; asks it now and then. */
export function serverIsGone() {
  if (isGone) return;
  isGone = true;
  $("notice").textContent = "The server does not answer. Trying again until it does; what you typed is kept.";
  $("notice").hidden = false;
  const ask = async () => {
    if (!isGone) return;
    try {
      await fetch("/assets/icon.svg", { cache: "no-store" });
      serverIsBack();
    } catch {
      setTimeout(ask, 2000);
    }
  };
  setTimeout(ask, 2000);
}

export function serverIsBack() {
  if (!isGone) return;
  isGone = false;
  $("notice").hidden = true;
  dispatchEvent(new Event("server-back"));
}

/** Shows a dialog; it is gone once it is closed, also by a click beside it. */
export function open(element) {
  element.addEventListener("close", () => {
    if (element.contains($("toasts"))) document.body.append($("toasts"));
    element.remove();
  });
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  document.body.append(element);
  element.showModal();
  return element;
}

/** Opens a dialog; `fill(close)` gives its content. */
export function dialog(label, fill) {
  const element = h("dialog", { "aria-label": label });
  element.append(h("div", { class: "dialog-body" }, fill(() => element.close())));
  return open(element);
}

/** Asks for the server's token; `wasWrong` says that one was tried. */
export function askToken(wasWrong) {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", id: "token", autocomplete: "current-password", required: true });
    let given = "";
    const element = dialog("Token", () =>
      h(
        "form",
        {
          class: "dialog-body bare",
          onsubmit: (event) => {
            event.preventDefault();
            given = input.value.trim();
            element.close();
          },
        },
        h("h3", {}, "This server wants its token"),
        h(
          "p",
          { class: "quiet" },
          wasWrong
            ? "The token was not the right one."
            : "It is what --token was given when the server was started. This browser keeps it.",
        ),
        h("div", { class: "field" }, h("label", { for: "token" }, "Token"), input),
        h("div", { class: "dialog-end" }, h("button", { class: "primary", type: "submit" }, "Go on")),
      ));
    element.addEventListener("close", () => (given ? resolve(given) : resolve(askToken(wasWrong))));
  });
}
