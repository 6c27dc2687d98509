//! The query parameters of lists.

use std::collections::BTreeMap;

use api::ListQuery;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::extract::Query;
use super::problem::Failure;
use crate::services::listing;

/// What is asked of a list. What is not one of the list's own parameters is a filter; the service knows which exist.
#[derive(Clone, Debug)]
pub struct Listing(pub ListQuery);

impl<S: Send + Sync> FromRequestParts<S> for Listing {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Query(parameters) = Query::<BTreeMap<String, String>>::from_request_parts(parts, state).await?;
        Ok(Self(listing::parse(parameters)?))
    }
}

/// The parameters that every list takes, for the API's description. A filter takes several values as `a,b`.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only described, never made")]
pub struct ListParameters {
    /// At most this many items: 50 where absent, 1,000 at most.
    limit: Option<u32>,
    /// Where the page starts: `next` of the page before, or the number of items to pass over.
    cursor: Option<String>,
    /// The field to sort by.
    sort: Option<String>,
    /// `asc` or `desc`.
    order: Option<String>,
    /// Every word must occur in one of the row's texts.
    q: Option<String>,
}
