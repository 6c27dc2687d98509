//! A block of text to read and copy: JSON, a command, a secret.

use leptos::prelude::*;

use super::copyable::CopyButton;

/// A block of text in the fixed-width font.
#[component]
pub fn CodeBlock(
    /// The text.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, for people who do not see it.
    label: &'static str,
) -> impl IntoView {
    view! {
        <div class="code">
            <pre tabindex="0" role="region" aria-label=label><code>{move || text.get()}</code></pre>
            <CopyButton text class="button button--small button--icon" />
        </div>
    }
}
