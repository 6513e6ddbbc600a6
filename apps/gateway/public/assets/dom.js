export const byId = (id) => document.getElementById(id);

/** Creates an element with attributes and children. Strings are inserted as text, never as HTML. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets a text only if it differs, to avoid needless announcements and layouts. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
