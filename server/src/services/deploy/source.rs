//! Where an app's Compose file comes from.

use api::app::{CreateApp, ImageSource, MAX_COMPOSE_BYTES, UpdateApp};
use api::{FieldProblem, Message};

use crate::compose;
use crate::db::release::Content;
use crate::services::Error;
use crate::services::app::field_problems;

/// The content of a new app: a file, an image or a template.
pub fn content(create: CreateApp) -> Result<Content, Error> {
    let CreateApp { name, compose, image, template, variables, files, .. } = create;
    let compose = match (compose, image, template) {
        (Some(compose), None, None) => compose,
        (None, Some(image), None) => of_image(&name, &image)?,
        (None, None, Some(id)) => {
            let unknown = || Message::new("app.template.unknown").with("template", &id);
            let template = compose::template_by_id(&id).ok_or_else(|| Error::invalid("template", unknown()))?;
            template.compose.clone()
        }
        _ => return Err(Error::invalid("compose", Message::new("app.source"))),
    };
    check(Content { compose, variables, files })
}

/// The content of a new release.
pub fn of_update(update: &UpdateApp) -> Result<Content, Error> {
    check(Content { compose: update.compose.clone(), variables: update.variables.clone(), files: update.files.clone() })
}

fn check(content: Content) -> Result<Content, Error> {
    if content.compose.len() > MAX_COMPOSE_BYTES {
        let message = Message::new("app.compose.large").with("limit", MAX_COMPOSE_BYTES);
        return Err(Error::invalid("compose", message));
    }
    Ok(content)
}

fn of_image(name: &str, image: &ImageSource) -> Result<String, Error> {
    if image.host_port.is_some() && image.container_port.is_none() {
        return Err(Error::invalid("image.container_port", Message::new("app.image.port")));
    }
    for (field, port) in [("image.container_port", image.container_port), ("image.host_port", image.host_port)] {
        if port == Some(0) {
            return Err(Error::invalid(field, Message::new("app.image.port-zero")));
        }
    }
    compose::image_app(name, &image.image, image.container_port, image.host_port).map_err(|diagnostics| {
        let of_image = |problem: FieldProblem| FieldProblem::new("image.image", problem.message);
        Error::Invalid(field_problems(&diagnostics).into_iter().map(of_image).collect())
    })
}
