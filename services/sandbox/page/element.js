// @ts-check
// Building elements. Text is always set as text, never as markup.

/** @typedef {Node | string | null | false | undefined} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | EventListener | ((event: any) => void)>} Props */

/**
 * An element with attributes, `onclick`-like listeners and children. A null or false attribute is left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter(isShown));
  return made;
}

/**
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter(isShown));
}

/**
 * @param {Child} child
 * @returns {child is Node | string}
 */
function isShown(child) {
  return child !== null && child !== false && child !== undefined;
}

const SVG = "http://www.w3.org/2000/svg";

/** @type {Record<string, string>} */
const STROKES = {
  back: "M15 4 7 12l8 8",
  close: "M6 6l12 12M18 6 6 18",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8.6 14.2a4.2 4.2 0 0 0 6.8 0M9 9.4v.6M15 9.4v.6",
  plus: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 8v8M8 12h8",
  add: "M12 5v14M5 12h14",
  picture: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 9.2v.1",
  card: "M6 3h12v18H6zM9 7h6M9 10.5h6M9 14h3",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20c0-4 3-6 6.500-6s6.500 2 6.500 6M16 4.500a3.200 3.200 0 0 1 0 6.200M18 14.500c2.200.800 3.500 2.800 3.500 5.500",
  gauge: "M4 17a9 9 0 1 1 16 0M12 15l4-5M12 15v.1",
  beside: "M4 5h7v14H4zM16.500 9v6M13.500 12h6",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  dots: "M6 12h.1M12 12h.1M18 12h.1",
  down: "M6 9l6 6 6-6",
};

/**
 * A line drawing, hidden from screen readers: the button around it has the name.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", STROKES[name] ?? "");
  drawing.append(path);
  return drawing;
}

let madeIds = 0;

/**
 * An id for a label and what it names.
 * @param {string} of
 */
export function newId(of) {
  madeIds += 1;
  return `${of}-${madeIds}`;
}

/**
 * A labelled field: the label stands above it.
 * @param {string} label
 * @param {HTMLElement} field
 * @param {string} [hint]
 */
export function labelled(label, field, hint) {
  field.id ||= newId("field");
  const hintId = hint ? newId("hint") : null;
  if (hintId) field.setAttribute("aria-describedby", hintId);
  return h(
    "div",
    { class: "field" },
    h("label", { for: field.id }, label),
    field,
    hint ? h("p", { class: "hint", id: hintId }, hint) : null,
  );
}

/**
 * A checkbox with its label behind it.
 * @param {string} label
 * @param {HTMLInputElement} box
 */
export function ticked(label, box) {
  box.type = "checkbox";
  return h("label", { class: "tick" }, box, h("span", {}, label));
}
