// What a page loads after its first scripts.

// Gives the console's wasm a way to load the heavy modules, each only on the page that needs it:
// `gantryLoad("editor")` is a promise of the exports of /js/editor.js.
self.gantryLoad = (name) => import(`/js/${name}.js`);

// A page whose parts are lost on the way never comes to life. Browsers drop what is on the way whenever an interface of
// the network comes or goes, and on the engine's own machine each container that starts brings one.
const waits = [100, 300, 1000, 3000];
const fetchOnce = self.fetch.bind(self);

async function fetchAgain(part) {
  for (const wait of waits) {
    try {
      return await fetchOnce(part);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
  return fetchOnce(part);
}

self.fetch = (what, options) => {
  const isPart = options === undefined && !(what instanceof Request) && new URL(what, self.location).pathname.startsWith("/pkg/");
  return isPart ? fetchAgain(what) : fetchOnce(what, options);
};
