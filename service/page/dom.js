/** Small helpers to build elements. Texts only ever become text nodes, so none can become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** Return the element with this id. */
export const byId = (id) => document.getElementById(id);

/**
 * Return a new element. In `attributes` a function is a listener for the event of that name,
 * `vars` are CSS custom properties, `true` and `false` set or leave out an attribute.
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** Return a new SVG element; as `el`. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "vars") setVars(element, value);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set CSS custom properties; the Content-Security-Policy allows no style attributes in markup. */
export function setVars(element, vars) {
  for (const [name, value] of Object.entries(vars)) element.style.setProperty(name, value);
}

/** Return a function that calls `action` once, `wait` milliseconds after its last call. */
export function debounce(action, wait) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), wait);
  };
}

/** Have screen readers speak a short message. */
export function announce(message) {
  byId("live").textContent = message;
}

/** Show a passing message at the foot of the page, and speak it. */
export function toast(message) {
  const note = byId("toast");
  note.textContent = message;
  note.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => note.classList.remove("shown"), 4000);
  announce(message);
}

/** Return the problem box that a view shows for an error. */
export function problemBox(error) {
  return el("p", { class: "problem", role: "alert" }, error.message);
}
