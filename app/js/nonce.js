// The Content-Security-Policy lets only style elements with this page's nonce apply, and no style attributes.
// `self.document` is the browser's own: in the terminal's bundle, `document` means `policyDocument` (see xtask).

/** The nonce of this page, or undefined where the server sends no policy. */
export function pageNonce() {
  return self.document.querySelector("script[nonce]")?.nonce || undefined;
}

/** Style attributes are refused, but the same through the object model is not. */
function setAttributeByObjectModel(name, value) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

function createElement(tag, options) {
  const element = self.document.createElement(tag, options);
  if (tag === "style") element.nonce = pageNonce() ?? "";
  else element.setAttribute = setAttributeByObjectModel;
  return element;
}

/** The document, making elements that pass the policy: for xterm.js, which knows no nonce. */
export const policyDocument = new Proxy(self.document, {
  get(target, name) {
    if (name === "createElement") return createElement;
    const value = Reflect.get(target, name, target);
    return typeof value === "function" ? value.bind(target) : value;
  },
  set: (target, name, value) => Reflect.set(target, name, value, target),
});

/** Puts a sheet into the page once. */
export function addSheet(id, text) {
  if (self.document.getElementById(id)) return;
  const style = createElement("style");
  style.id = id;
  style.textContent = text;
  self.document.head.append(style);
}
