// The editor of Compose files. Import it only where a file is edited: `const { open } = await import("/js/editor.js")`.
//
// open(element, {text, language?, readOnly?, dark?, label?, onChange?}) -> Editor
//   language              "yaml" (the default) or "text"
//   label                 what a screen reader calls the editor
//   onChange(text)        after every edit, not after setText()
// Editor
//   getText()  setText(text)  focus()
//   setDiagnostics([{line, column, message, severity}])
//                         line and column count from 1; column 0 or missing marks the whole line;
//                         severity is "error", "warning" or "info"
//   setTheme("light" | "dark")  setReadOnly(boolean)
//   dispose()

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  defaultHighlightStyle,
  foldGutter,
  foldKeymap,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState } from "@codemirror/state";
import { oneDark } from "@codemirror/theme-one-dark";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { pageNonce } from "./nonce.js";

const fromOutside = Annotation.define();

export function open(element, { text = "", language = "yaml", readOnly = false, dark = false, label, onChange }) {
  const theme = new Compartment();
  const editable = new Compartment();
  const themeOf = (dark) => (dark ? oneDark : syntaxHighlighting(defaultHighlightStyle));
  const editableOf = (readOnly) => [EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)];
  const nonce = pageNonce();

  const view = new EditorView({
    parent: element,
    state: EditorState.create({
      doc: text,
      extensions: [
        nonce ? EditorView.cspNonce.of(nonce) : [],
        label ? EditorView.contentAttributes.of({ "aria-label": label }) : [],
        lineNumbers(),
        highlightActiveLineGutter(),
        highlightSpecialChars(),
        history(),
        foldGutter(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of("  "),
        bracketMatching(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        search({ top: true }),
        lintGutter(),
        language === "yaml" ? yaml() : [],
        theme.of(themeOf(dark)),
        editable.of(editableOf(readOnly)),
        // Escape then Tab leaves the editor, as in CodeMirror's own key bindings.
        keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => {
          const typed = update.docChanged && !update.transactions.some((one) => one.annotation(fromOutside));
          if (typed && onChange) onChange(update.state.doc.toString());
        }),
      ],
    }),
  });

  const toDiagnostic = ({ line, column = 0, message, severity }) => {
    const { doc } = view.state;
    const place = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const from = column > 0 ? Math.min(place.from + column - 1, place.to) : place.from;
    const word = column > 0 ? view.state.wordAt(from) : null;
    return { from, to: word ? word.to : place.to, message, severity };
  };

  return {
    getText: () => view.state.doc.toString(),
    setText(next) {
      const changes = { from: 0, to: view.state.doc.length, insert: next };
      view.dispatch({ changes, annotations: fromOutside.of(true) });
    },
    setDiagnostics: (diagnostics) => view.dispatch(setDiagnostics(view.state, diagnostics.map(toDiagnostic))),
    setTheme: (name) => view.dispatch({ effects: theme.reconfigure(themeOf(name === "dark")) }),
    setReadOnly: (value) => view.dispatch({ effects: editable.reconfigure(editableOf(value)) }),
    focus: () => view.focus(),
    dispose: () => view.destroy(),
  };
}
