//! The heavy JavaScript modules (editor, terminal), loaded only by the page that shows them.

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

/// An object that a module gave: its methods by name.
#[derive(Clone)]
pub struct Handle(JsValue);

/// Loads `/js/<name>.js` and opens what it exports at an element.
pub async fn open(name: &str, element: &web_sys::Element, options: &Object) -> Result<Handle, JsValue> {
    let load: Function = Reflect::get(&window(), &"gantryLoad".into())?.dyn_into()?;
    let promise: Promise = load.call1(&JsValue::NULL, &name.into())?.dyn_into()?;
    let module = JsFuture::from(promise).await?;
    let open: Function = Reflect::get(&module, &"open".into())?.dyn_into()?;
    open.call2(&JsValue::NULL, element, options).map(Handle)
}

impl Handle {
    /// Calls a method; an exception is nothing.
    pub fn call(&self, method: &str, arguments: &[JsValue]) -> Option<JsValue> {
        let function: Function = Reflect::get(&self.0, &method.into()).ok()?.dyn_into().ok()?;
        let arguments: js_sys::Array = arguments.iter().collect();
        function.apply(&self.0, &arguments).ok()
    }

    /// A property.
    pub fn get(&self, name: &str) -> JsValue {
        Reflect::get(&self.0, &name.into()).unwrap_or(JsValue::UNDEFINED)
    }
}

/// Sets a property of an object of options.
pub fn set(options: &Object, name: &str, value: impl Into<JsValue>) {
    let _ = Reflect::set(options, &name.into(), &value.into());
}

/// A callback with one argument, for as long as the page lives; the caller keeps it by giving it away.
pub fn callback(run: impl FnMut(JsValue) + 'static) -> JsValue {
    Closure::<dyn FnMut(JsValue)>::new(run).into_js_value()
}

/// A callback that is called once and gone then.
pub fn once(run: impl FnOnce() + 'static) -> JsValue {
    Closure::once_into_js(run)
}

/// A callback with two arguments, for as long as the page lives.
pub fn callback2(run: impl FnMut(JsValue, JsValue) + 'static) -> JsValue {
    Closure::<dyn FnMut(JsValue, JsValue)>::new(run).into_js_value()
}

/// Whether dark colours are in use now, by choice or by the system's.
pub fn is_dark() -> bool {
    let root = leptos::prelude::document().document_element();
    match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches()),
    }
}
