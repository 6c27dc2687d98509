// A terminal in a page. Import it only where a terminal is shown: `const { open } = await import("/js/terminal.js")`.
//
// open(element, {onData, onBinary?, onResize?, dark?}) -> Terminal
//   onData(text)          typed or pasted text, to be sent to the process as UTF-8
//   onBinary(bytes)       bytes that are no text (some mouse reports), as a Uint8Array
//   onResize(columns, rows)
//   dark                  false for the light theme
// Terminal
//   columns, rows         the size now
//   write(bytes, done?)   shows a Uint8Array; `done()` is called when it has been parsed: count it for flow control
//   fit()                 takes the size of the element; the terminal also does so by itself when the element changes
//   focus()  clear()
//   search(text, {backwards?, caseSensitive?, regex?}) -> whether something was found (it is selected and shown)
//   copySelection()       -> Promise<boolean>, false when nothing was selected
//   paste(text)           like the keyboard, with bracketed paste where the process asks for it
//   setTheme("light" | "dark")
//   dispose()

import { Terminal } from "@xterm/xterm";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { WebLinksAddon } from "@xterm/addon-web-links";
import sheet from "@xterm/xterm/css/xterm.css";
import { addSheet, policyDocument } from "./nonce.js";

const THEMES = {
  dark: { background: "#0d1117", foreground: "#e6edf3", cursor: "#e6edf3", selectionBackground: "#264f78" },
  light: {
    background: "#ffffff",
    foreground: "#1f2328",
    cursor: "#1f2328",
    selectionBackground: "#b6d7ff",
    black: "#24292f",
    brightBlack: "#57606a",
    white: "#6e7781",
    brightWhite: "#8c959f",
    yellow: "#7d4e00",
    brightYellow: "#633c01",
    green: "#116329",
    brightGreen: "#1a7f37",
    cyan: "#1b7c83",
    brightCyan: "#3192aa",
  },
};
const SCROLLBACK_LINES = 10_000;

export function open(element, { onData, onBinary, onResize, dark = true }) {
  addSheet("xterm-sheet", sheet);
  const terminal = new Terminal({
    theme: dark ? THEMES.dark : THEMES.light,
    scrollback: SCROLLBACK_LINES,
    fontFamily: 'ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace',
    fontSize: 13,
    minimumContrastRatio: 4.5,
    allowProposedApi: true,
    documentOverride: policyDocument,
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.loadAddon(
    new WebLinksAddon((event, address) => {
      event.preventDefault();
      window.open(address, "_blank", "noopener,noreferrer");
    }),
  );
  terminal.onData(onData);
  if (onBinary) terminal.onBinary((text) => onBinary(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  if (onResize) terminal.onResize(({ cols, rows }) => onResize(cols, rows));
  terminal.open(element);

  const takeSize = () => {
    if (element.clientWidth > 0 && element.clientHeight > 0) fit.fit();
  };
  const sizes = new ResizeObserver(takeSize);
  sizes.observe(element);
  takeSize();

  return {
    get columns() {
      return terminal.cols;
    },
    get rows() {
      return terminal.rows;
    },
    write: (bytes, done) => terminal.write(bytes, done),
    fit: takeSize,
    focus: () => terminal.focus(),
    clear: () => terminal.clear(),
    search: (text, { backwards = false, caseSensitive = false, regex = false } = {}) =>
      backwards ? search.findPrevious(text, { caseSensitive, regex }) : search.findNext(text, { caseSensitive, regex }),
    async copySelection() {
      const text = terminal.getSelection();
      if (!text) return false;
      await navigator.clipboard.writeText(text);
      return true;
    },
    paste: (text) => terminal.paste(text),
    setTheme: (theme) => {
      terminal.options.theme = THEMES[theme];
    },
    dispose() {
      sizes.disconnect();
      terminal.dispose();
    },
  };
}
