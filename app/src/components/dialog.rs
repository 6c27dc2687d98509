//! Dialogs and drawers, on the browser's own `<dialog>`: it keeps the focus inside and gives it back.

use leptos::{html, prelude::*};

use crate::i18n::{t, use_locale};

/// A dialog that is there while `open` is true. Escape and its own buttons set it to false.
#[component]
pub fn Dialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// `dialog--wide`, `drawer` or nothing.
    #[prop(optional)]
    class: &'static str,
    /// The buttons.
    #[prop(into)]
    foot: ViewFn,
    /// The content, made when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    view! {
        <BareDialog open class label=title>
            <header class="dialog__head">
                <h2>{move || title.get()}</h2>
            </header>
            <div class="dialog__body">{children()}</div>
            <footer class="dialog__foot">{foot.run()}</footer>
        </BareDialog>
    }
}

/// The buttons of a dialog with a form.
#[component]
pub fn FormFoot(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// The form's id.
    form: &'static str,
    /// What the form does.
    label: &'static str,
    /// Whether it is being done.
    busy: RwSignal<bool>,
) -> impl IntoView {
    let locale = use_locale();
    view! {
        <button type="button" class="button" on:click=move |_| open.set(false)>
            {t!(locale, action.cancel)}
        </button>
        <button
            type="submit"
            form=form
            class="button button--primary"
            disabled=move || busy.get()
            aria-busy=move || busy.get().to_string()
        >
            {label}
        </button>
    }
}

/// A dialog without heading and buttons.
#[component]
pub fn BareDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Further classes.
    #[prop(optional)]
    class: &'static str,
    /// What it is, for people who do not see it.
    #[prop(into)]
    label: Signal<String>,
    /// The content, made when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let element = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(element) = element.get()
            && !element.open()
        {
            let _ = element.show_modal();
        }
    });
    move || {
        open.get().then(|| {
            let children = children.clone();
            view! {
                <dialog
                    class=format!("dialog {class}")
                    aria-label=move || label.get()
                    node_ref=element
                    on:close=move |_| open.set(false)
                >
                    {children()}
                </dialog>
            }
        })
    }
}
