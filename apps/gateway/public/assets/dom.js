export const byId = (id) => document.getElementById(id);

/** An element with attributes and children. Text is only ever text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets a text where it differs, so that nothing is announced or laid out anew without need. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
