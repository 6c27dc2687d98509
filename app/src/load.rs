//! Data of a page: fetched on the server, taken over by the browser, fetched again when its address or the engine
//! changes. What is shown stays while the new is awaited.
//!
//! All types share one resource: inside is a value without a type, so that the machinery around it is compiled once
//! and not for each type of the contract.

use std::{any::Any, convert::Infallible, fmt, marker::PhantomData, pin::Pin, str::FromStr, sync::Arc};

use api::{Problem, watch::ChangeKind};
#[cfg(feature = "ssr")]
use leptos::tachys::reactive_graph::OwnedView;
use leptos::{prelude::*, task::spawn_local};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    boot::set_page_status,
    components::{problem::ProblemView, table::Skeleton},
    live::use_live,
};

/// What a page can load.
pub trait Loadable: Serialize + DeserializeOwned + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Loadable for T {}

#[derive(Clone)]
enum Value {
    Text(Arc<str>),
    Typed(Arc<Untyped>, #[cfg(feature = "ssr")] fn(&Untyped) -> crate::aside::Json),
}

type Untyped = dyn Any + Send + Sync;

impl Value {
    fn new<T: Loadable>(value: T) -> Self {
        Self::Typed(
            Arc::new(value),
            #[cfg(feature = "ssr")]
            |any| any.downcast_ref::<T>().map(crate::aside::Json::of).unwrap_or_default(),
        )
    }

    fn typed<T: Loadable>(&self) -> Result<Arc<T>, Problem> {
        match self {
            Self::Text(json) => serde_json::from_str(json).map(Arc::new).map_err(Problem::unreadable),
            Self::Typed(any, ..) => any.clone().downcast().map_err(|_| Problem::unreadable("type")),
        }
    }
}

/// The answer of the first fetch. Its text form travels in the document: a problem itself, or the element beside the page
/// that carries the value.
#[derive(Clone)]
struct Answer(Result<Value, Problem>, Option<String>);

impl Answer {
    fn new(answer: Result<Value, Problem>) -> Self {
        Self(answer, None)
    }

    /// Puts the text of the value beside the page.
    #[cfg(feature = "ssr")]
    fn put(self, aside: Option<&crate::aside::Aside>) -> Self {
        let element = match (&self.0, aside) {
            (Ok(Value::Typed(any, encode)), Some(aside)) => Some(aside.data(encode(any.as_ref()))),
            _ => None,
        };
        Self(self.0, element)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Err(problem), _) => f.write_str(&serde_json::to_string(problem).unwrap_or_default()),
            Self(Ok(_), element) => write!(f, "={}", element.as_deref().unwrap_or_default()),
        }
    }
}

impl FromStr for Answer {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(match text.strip_prefix('=') {
            Some(element) => {
                text_of(element).map(|json| Value::Text(json.into())).ok_or_else(|| Problem::unreadable(element))
            }
            None => Err(serde_json::from_str(text).unwrap_or_else(Problem::unreadable)),
        }))
    }
}

/// The text of an element of the document.
fn text_of(element: &str) -> Option<String> {
    if cfg!(feature = "hydrate") { document().get_element_by_id(element)?.text_content() } else { None }
}

type Fetching = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The untyped half.
#[derive(Clone, Copy)]
struct Machine {
    first: Resource<Answer, leptos::server::codee::string::FromToStringCodec>,
    /// The last good answer of a fetch after the first.
    value: RwSignal<Option<Value>>,
    problem: RwSignal<Option<Problem>>,
    busy: RwSignal<bool>,
    again: Trigger,
}

impl Machine {
    fn new(kinds: &'static [ChangeKind], fetch: impl Fn() -> Fetching + Send + Sync + 'static) -> Self {
        let fetch = Arc::new(fetch);
        let first = {
            let fetch = fetch.clone();
            #[cfg(feature = "ssr")]
            let aside = use_context::<crate::aside::Aside>();
            let fetch = move || {
                let fetching = fetch();
                #[cfg(feature = "ssr")]
                let fetching = {
                    let aside = aside.clone();
                    async move { fetching.await.put(aside.as_ref()) }
                };
                fetching
            };
            Resource::new_str_blocking(|| (), move |()| untrack(&fetch))
        };
        let machine = Self {
            first,
            value: RwSignal::new(None),
            problem: RwSignal::new(None),
            busy: RwSignal::new(false),
            again: Trigger::new(),
        };
        let live = use_live();
        let newest = StoredValue::new(0_u32);
        Effect::new(move |ran: Option<()>| {
            live.track(kinds);
            machine.again.track();
            let fetching = fetch();
            if ran.is_none() {
                return;
            }
            let number = newest.get_value() + 1;
            newest.set_value(number);
            machine.busy.set(true);
            spawn_local(async move {
                let Answer(answer, _) = fetching.await;
                // The page may be gone, or a later fetch may have begun.
                if newest.try_get_value() == Some(number) {
                    machine.busy.set(false);
                    machine.take(answer);
                }
            });
        });
        machine
    }

    fn take(self, answer: Result<Value, Problem>) {
        match answer {
            Ok(value) => {
                self.value.set(Some(value));
                self.problem.set(None);
            }
            Err(problem) => self.problem.set(Some(problem)),
        }
    }
}

/// Something a page shows that is fetched.
pub struct Load<T> {
    machine: Machine,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Load<T> {}

impl<T: Loadable> Load<T> {
    /// Fetches now, and again whenever something of `kinds` changes or a signal that `fetch` itself reads (not the
    /// future it gives).
    pub fn new<F>(kinds: &'static [ChangeKind], fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, Problem>> + Send + 'static,
    {
        let erased = move || -> Fetching {
            let fetching = fetch();
            Box::pin(async move { Answer::new(fetching.await.map(Value::new)) })
        };
        Self { machine: Machine::new(kinds, erased), kind: PhantomData }
    }

    /// Fetches again.
    pub fn again(self) {
        self.machine.again.notify();
    }

    /// Whether something newer is awaited.
    pub fn busy(self) -> Signal<bool> {
        self.machine.busy.into()
    }

    /// Shows what was fetched: a skeleton before, the problem where it failed, else `children` with the value, which
    /// changes under them. A value that cannot be refreshed stays with a notice above.
    pub fn show(self, children: impl Fn(Signal<Arc<T>>) -> AnyView + Send + Sync + 'static) -> AnyView {
        self.show_while(|| view! { <Skeleton /> }.into_any(), children)
    }

    /// The same with something else while the first answer is awaited.
    pub fn show_while(
        self,
        waiting: impl Fn() -> AnyView + Send + Sync + 'static,
        children: impl Fn(Signal<Arc<T>>) -> AnyView + Send + Sync + 'static,
    ) -> AnyView {
        show(self.machine, Some(Box::new(waiting)), self.with_value(children))
    }

    /// Shows what was fetched, and nothing at all before or where it failed: for what only stands beside a page.
    pub fn show_quietly(self, children: impl Fn(Signal<Arc<T>>) -> AnyView + Send + Sync + 'static) -> AnyView {
        show(self.machine, None, self.with_value(children))
    }

    fn with_value(self, children: impl Fn(Signal<Arc<T>>) -> AnyView + Send + Sync + 'static) -> Children {
        Arc::new(move |first: &Value| {
            let first = first.typed::<T>()?;
            let machine = self.machine;
            let value = Memo::new_with_compare(
                move |before: Option<&Arc<T>>| {
                    let now = machine.value.read().as_ref().and_then(|value| value.typed().ok());
                    now.or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
                },
                |before, now| !before.zip(now).is_some_and(|(before, now)| Arc::ptr_eq(before, now)),
            );
            Ok(children(value.into()))
        })
    }
}

type Waiting = Box<dyn Fn() -> AnyView + Send + Sync>;
type Children = Arc<dyn Fn(&Value) -> Result<AnyView, Problem> + Send + Sync>;

/// Without anything to show while waiting, a problem is not shown either.
fn show(machine: Machine, waiting: Option<Waiting>, children: Children) -> AnyView {
    let quiet = waiting.is_none();
    let retry = Callback::new(move |()| machine.again.notify());
    let loaded = move |Answer(first, _): Answer| {
        let children = children.clone();
        if let Err(problem) = &first
            && !quiet
        {
            set_page_status(problem.status);
        }
        // After a first failure the children are made from the first good answer.
        let first_good = first.is_ok();
        let good = Memo::new(move |_| {
            let gone = machine.problem.read().as_ref().is_some_and(|problem| matches!(problem.status, 403 | 404));
            (first_good || machine.value.read().is_some()) && !gone
        });
        move || {
            if quiet && !good.get() {
                ().into_any()
            } else if good.get() {
                let value = machine.value.get_untracked().or_else(|| first.clone().ok());
                match value.map(|value| children(&value)) {
                    Some(Ok(view)) => view! { {(!quiet).then(|| view! { <Stale machine retry /> })} {view} }.into_any(),
                    Some(Err(problem)) => view! { <ProblemView problem retry /> }.into_any(),
                    None => ().into_any(),
                }
            } else {
                let problem = machine.problem.get().or_else(|| first.clone().err());
                problem.map(|problem| view! { <ProblemView problem retry /> }).into_any()
            }
        }
    };
    // The server waits for everything and never shows what stands in its place. A boundary would make all below it twice,
    // the first time beside the request, whose end it does not wait for.
    #[cfg(feature = "ssr")]
    {
        // The browser's boundary takes a number, which those of resources are counted with.
        let _ = Owner::current_shared_context().map(|context| context.next_id());
        // Nobody else keeps the page's signals while the answer is awaited, and the head is written after the body.
        let owner = Owner::current().unwrap_or_default();
        if let Some(aside) = use_context::<crate::aside::Aside>() {
            aside.keep(std::iter::successors(Some(owner.clone()), Owner::parent));
        }
        let content = move || {
            let (loaded, owner) = (loaded.clone(), owner.clone());
            Suspend::new(async move { OwnedView::new_with_owner(loaded(machine.first.await), owner) })
        };
        content.into_any()
    }
    #[cfg(not(feature = "ssr"))]
    {
        let content = move || {
            let loaded = loaded.clone();
            Suspend::new(async move { loaded(machine.first.await) })
        };
        view! { <Suspense fallback=move || waiting.as_ref().map(|waiting| waiting())>{content}</Suspense> }.into_any()
    }
}

/// Says that what is shown could not be refreshed.
#[component]
fn Stale(machine: Machine, retry: Callback<()>) -> impl IntoView {
    move || machine.problem.get().map(|problem| view! { <ProblemView problem retry brief=true /> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_comes_back_from_the_document_as_it_went_in() {
        let problem = Problem::unreachable("no route");
        let Ok(read) = Answer::new(Err(problem.clone())).to_string().parse::<Answer>();
        assert_eq!(read.0.err(), Some(problem));
    }

    #[test]
    fn a_value_of_another_type_is_a_problem_and_no_panic() {
        assert!(Value::new(1_u8).typed::<String>().is_err());
        assert!(Value::Text("{".into()).typed::<String>().is_err());
    }
}
