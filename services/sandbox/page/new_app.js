// @ts-check
// Telling the sandbox of a mini program, for those who run it without `make run`.

import { Refused, call, inWords, pathOf } from "./api.js";
import { h, labelled } from "./element.js";
import { say } from "./words.js";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * @param {(appid: string) => void} added
 */
export function newAppDialog(added) {
  const field = (/** @type {Record<string, any>} */ props) => h("input", { required: true, class: "code", autocomplete: "off", ...props });
  const appid = field({ pattern: "[A-Za-z0-9_\\-]{3,64}", value: `wx${random(16).toLowerCase()}` });
  const name = field({ required: false, maxlength: 40, class: "" });
  const secret = field({ maxlength: 128, value: random(32).toLowerCase() });
  const token = field({ maxlength: 128, value: random(16) });
  const key = field({ pattern: "[A-Za-z0-9]{43}", value: `${random(42)}A` });
  const url = field({ type: "url", placeholder: "http://127.0.0.1:8080/wechat/wx…" });
  const mode = choice([["secure", say("mode_secure")], ["compat", say("mode_compat")], ["plain", say("mode_plain")]]);
  const format = choice([["json", "JSON"], ["xml", "XML"]]);
  const trouble = h("p", { class: "trouble", role: "alert" });
  const dialog = h("dialog", { class: "new-app", "aria-label": say("add_app") });
  const submitted = async (/** @type {Event} */ event) => {
    event.preventDefault();
    trouble.textContent = "";
    const settings = {
      name: name.value.trim(),
      secret: secret.value,
      token: token.value,
      aes_key: key.value,
      mode: mode.value,
      format: format.value,
      callback_url: url.value.trim(),
    };
    try {
      await call("PUT", pathOf(appid.value), settings);
      dialog.close();
      added(appid.value);
    } catch (failure) {
      const isCheck = failure instanceof Refused && failure.body?.verified === false;
      const words = isCheck ? `${say("check_failed")} ${failure.message}` : inWords(failure);
      const cameBack = failure instanceof Refused && failure.body?.status != null ? say("came_back", { status: `HTTP ${failure.body.status}`, body: failure.body.body ?? "" }) : "";
      trouble.textContent = `${words} ${cameBack}`;
    }
  };
  const form = h(
    "form",
    { onsubmit: submitted },
    h("h2", {}, say("add_app")),
    h("p", { class: "hint" }, say("no_apps_more")),
    labelled(say("app_name"), name),
    labelled(say("appid"), appid),
    labelled(say("callback_url"), url),
    labelled(say("secret"), secret),
    labelled(say("token"), token),
    labelled(say("aes_key"), key),
    h("div", { class: "columns" }, labelled(say("mode"), mode), labelled(say("format"), format)),
    trouble,
    h(
      "div",
      { class: "sheet-buttons" },
      h("button", { type: "button", onclick: () => dialog.close() }, say("cancel")),
      h("button", { type: "submit", class: "strong" }, say("save_app")),
    ),
  );
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {number} length */
function random(length) {
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => LETTERS[byte % LETTERS.length]).join("");
}

/** @param {[string, string][]} options */
function choice(options) {
  return h("select", {}, ...options.map(([value, words]) => h("option", { value }, words)));
}
