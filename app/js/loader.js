// Gives the console's wasm a way to load the heavy modules, each only on the page that needs it:
// `gantryLoad("editor")` is a promise of the exports of /js/editor.js.
self.gantryLoad = (name) => import(`/js/${name}.js`);
