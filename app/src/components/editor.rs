//! The editor of Compose files: CodeMirror, loaded when it is shown.

use api::app::{ComposeDiagnostic, Severity};
use js_sys::{Array, Object};
use leptos::{html, prelude::*, task::spawn_local};
use send_wrapper::SendWrapper;

use crate::{
    i18n::{language, use_locale},
    module::{self, Handle},
};

/// An editor of YAML, or of plain text.
#[component]
pub fn CodeEditor(
    /// The text; what is typed ends here, and what is set from outside is shown.
    text: RwSignal<String>,
    /// What it is, for people who do not see it.
    label: &'static str,
    /// What is wrong where.
    #[prop(optional, into)]
    diagnostics: Signal<Vec<ComposeDiagnostic>>,
    /// Whether it can only be read.
    #[prop(optional)]
    read_only: bool,
) -> impl IntoView {
    let language = language(use_locale());
    let element = NodeRef::<html::Div>::new();
    let editor = StoredValue::new(None::<SendWrapper<Handle>>);
    let ready = RwSignal::new(false);
    Effect::new(move |_| {
        let Some(element) = element.get() else { return };
        let options = Object::new();
        module::set(&options, "text", text.get_untracked());
        module::set(&options, "readOnly", read_only);
        module::set(&options, "dark", module::is_dark());
        module::set(&options, "label", label);
        let typed = module::callback(move |typed| {
            if let Some(typed) = typed.as_string() {
                let _ = text.try_set(typed);
            }
        });
        module::set(&options, "onChange", typed);
        spawn_local(async move {
            if let Ok(handle) = module::open("editor", &element, &options).await {
                let _ = editor.try_set_value(Some(SendWrapper::new(handle)));
                let _ = ready.try_set(true);
            }
        });
    });
    Effect::new(move |_| {
        let text = text.get();
        if !ready.get() {
            return;
        }
        editor.with_value(|editor| {
            let Some(editor) = editor else { return };
            if editor.call("getText", &[]).and_then(|shown| shown.as_string()).as_ref() != Some(&text) {
                editor.call("setText", &[text.into()]);
            }
        });
    });
    Effect::new(move |_| {
        let marks: Array = diagnostics.with(|all| all.iter().map(|it| mark(it, language)).collect());
        if ready.get() {
            editor.with_value(|editor| editor.as_ref().and_then(|it| it.call("setDiagnostics", &[marks.into()])));
        }
    });
    on_cleanup(move || {
        editor.try_with_value(|editor| editor.as_ref().and_then(|it| it.call("dispose", &[])));
    });
    view! {
        <div class="editor" node_ref=element>
            // Until the editor is there, the text itself.
            {move || (!ready.get()).then(|| view! { <pre class="editor__waiting">{text.get_untracked()}</pre> })}
        </div>
    }
}

fn mark(diagnostic: &ComposeDiagnostic, language: api::Language) -> Object {
    let object = Object::new();
    module::set(&object, "line", diagnostic.line);
    module::set(&object, "column", diagnostic.column);
    module::set(&object, "message", diagnostic.message.text(language));
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    module::set(&object, "severity", severity);
    object
}
