//! Menus that open at a button. The panel stands in the window, not in its parent, so that no table cuts it off.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::icon::{Icon, IconView};

/// Where a panel stands: pixels from the window's edges.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Place {
    top: Option<f64>,
    bottom: Option<f64>,
    right: f64,
}

/// A button that opens a menu. The children are made when it opens: [`MenuItem`]s, [`MenuLink`]s and whatever else.
#[component]
pub fn Menu(
    /// What the menu is, for people who do not see it.
    #[prop(into)]
    label: String,
    /// The button's shape.
    #[prop(default = Icon::Kebab)]
    icon: Icon,
    /// A text beside the shape.
    #[prop(optional, into)]
    text: String,
    /// The button's classes.
    #[prop(default = "button button--quiet button--icon button--small")]
    class: &'static str,
    /// What is in it.
    children: ChildrenFn,
) -> impl IntoView {
    let place = RwSignal::new(None::<Place>);
    let button = NodeRef::<html::Button>::new();
    let panel = NodeRef::<html::Div>::new();
    let close = move || {
        if place.get_untracked().is_some() {
            place.set(None);
            if let Some(button) = button.get_untracked() {
                let _ = button.focus();
            }
        }
    };
    provide_context(MenuClose(Callback::new(move |()| close())));
    let toggle = move |_| {
        let next = if place.get_untracked().is_some() { None } else { button.get_untracked().map(|it| beside(&it)) };
        place.set(next);
    };
    Effect::new(move |_| {
        if let Some(panel) = panel.get() {
            focus_item(&panel, Step::First);
        }
    });
    let keys = move |event: ev::KeyboardEvent| {
        let Some(panel) = panel.get_untracked() else { return };
        match event.key().as_str() {
            "Escape" | "Tab" => close(),
            "ArrowDown" => focus_item(&panel, Step::Next),
            "ArrowUp" => focus_item(&panel, Step::Previous),
            "Home" => focus_item(&panel, Step::First),
            "End" => focus_item(&panel, Step::Last),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let left = move |event: ev::FocusEvent| {
        let to = event.related_target().and_then(|it| it.dyn_into::<web_sys::Node>().ok());
        let inside = panel.get_untracked().is_some_and(|panel| panel.contains(to.as_ref()))
            || button.get_untracked().is_some_and(|button| button.contains(to.as_ref()));
        if !inside {
            place.set(None);
        }
    };
    view! {
        <span class="menu" on:keydown=keys>
            <button
                type="button"
                node_ref=button
                class=class
                aria-haspopup="menu"
                aria-expanded=move || place.get().is_some().to_string()
                aria-label=label.clone()
                title=label.clone()
                on:click=toggle
            >
                <IconView icon />
                {text}
            </button>
            {move || {
                let children = children.clone();
                place
                    .get()
                    .map(|place| {
                        let pixels = |value: Option<f64>| value.map_or("auto".to_owned(), |it| format!("{it:.0}px"));
                        view! {
                            <div
                                class="menu__panel"
                                role="menu"
                                aria-label=label.clone()
                                tabindex="-1"
                                node_ref=panel
                                style:top=pixels(place.top)
                                style:bottom=pixels(place.bottom)
                                style:right=pixels(Some(place.right))
                                on:focusout=left
                            >
                                {children()}
                            </div>
                        }
                    })
            }}
        </span>
    }
}

/// Closes the menu around; in context inside of one.
#[derive(Clone, Copy)]
pub struct MenuClose(pub Callback<()>);

/// Something to do.
#[component]
pub fn MenuItem(
    /// What.
    #[prop(into)]
    text: String,
    /// Its shape.
    #[prop(optional, into)]
    icon: Option<Icon>,
    /// Whether something is lost by it.
    #[prop(optional)]
    danger: bool,
    /// Whether it cannot be done now.
    #[prop(optional)]
    disabled: bool,
    /// Does it; the menu closes.
    #[prop(into)]
    run: Callback<()>,
) -> impl IntoView {
    let close = use_context::<MenuClose>();
    let class = if danger { "menu__item menu__item--danger" } else { "menu__item" };
    let click = move |_| {
        if let Some(MenuClose(close)) = close {
            close.run(());
        }
        run.run(());
    };
    view! {
        <button type="button" class=class role="menuitem" tabindex="-1" disabled=disabled on:click=click>
            {icon.map(|icon| view! { <IconView icon /> })}
            {text}
        </button>
    }
}

/// Something that is on or off; the menu stays open.
#[component]
pub fn MenuCheck(
    /// What.
    text: &'static str,
    /// Whether it is on.
    #[prop(into)]
    checked: Signal<bool>,
    /// Turns it.
    #[prop(into)]
    turn: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="menu__item"
            role="menuitemcheckbox"
            tabindex="-1"
            aria-checked=move || checked.get().to_string()
            on:click=move |_| turn.run(())
        >
            {text}
        </button>
    }
}

/// A way to another page.
#[component]
pub fn MenuLink(
    /// Where.
    #[prop(into)]
    href: String,
    /// What is there.
    #[prop(into)]
    text: String,
    /// Its shape.
    #[prop(optional, into)]
    icon: Option<Icon>,
) -> impl IntoView {
    view! {
        <a class="menu__item" role="menuitem" tabindex="-1" href=href>
            {icon.map(|icon| view! { <IconView icon /> })}
            {text}
        </a>
    }
}

/// Below the button, or above it where there is more room.
fn beside(button: &web_sys::HtmlButtonElement) -> Place {
    let area = button.get_bounding_client_rect();
    let size = |value: Result<wasm_bindgen::JsValue, _>| value.ok().and_then(|it| it.as_f64()).unwrap_or_default();
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let right = (width - area.right()).max(8.0).min((width - 184.0).max(8.0));
    if height - area.bottom() < 260.0 && area.top() > height - area.bottom() {
        Place { top: None, bottom: Some(height - area.top() + 4.0), right }
    } else {
        Place { top: Some(area.bottom() + 4.0), bottom: None, right }
    }
}

enum Step {
    First,
    Last,
    Next,
    Previous,
}

fn focus_item(panel: &web_sys::HtmlElement, step: Step) {
    let Ok(found) = panel.query_selector_all("[role^=menuitem]:not(:disabled)") else { return };
    let count = found.length();
    if count == 0 {
        let _ = panel.focus();
        return;
    }
    let active = document().active_element();
    let at = (0..count).find(|at| {
        active.as_ref().is_some_and(|active| found.item(*at).is_some_and(|it| it.is_same_node(Some(active))))
    });
    let wanted = match (step, at) {
        (Step::First, _) | (Step::Next, None) => 0,
        (Step::Last, _) | (Step::Previous, None) => count - 1,
        (Step::Next, Some(at)) => (at + 1) % count,
        (Step::Previous, Some(at)) => (at + count - 1) % count,
    };
    if let Some(item) = found.item(wanted).and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = item.focus();
    }
}
