// The Content-Security-Policy lets only style elements with this page's nonce apply.

/** The nonce of this page, or undefined where the server sends no policy. */
export function pageNonce() {
  return document.querySelector("script[nonce]")?.nonce || undefined;
}

/** A document whose `createElement("style")` carries the page's nonce, for libraries that know no nonce. */
export function documentWithNonce() {
  const nonce = pageNonce();
  if (!nonce) return document;
  return new Proxy(document, {
    get(target, name) {
      if (name === "createElement") {
        return (tag, options) => {
          const element = target.createElement(tag, options);
          if (tag === "style") element.nonce = nonce;
          return element;
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

/** Puts a sheet into the page once. */
export function addSheet(id, text) {
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  const nonce = pageNonce();
  if (nonce) style.nonce = nonce;
  style.textContent = text;
  document.head.append(style);
}
