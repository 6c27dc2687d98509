//! What operations are called.

use api::operation::{Operation, OperationKind};

use crate::i18n::{Locale, t};

/// What was asked for, in words: “Deploy shop”.
pub fn operation_title(locale: Locale, operation: &Operation) -> String {
    let name = operation.target.clone();
    match operation.kind {
        OperationKind::Deploy => t!(locale, operation.deploy, name = name),
        OperationKind::Rollback => t!(locale, operation.rollback, name = name),
        OperationKind::Scale => t!(locale, operation.scale, name = name),
        OperationKind::Start => t!(locale, operation.start, name = name),
        OperationKind::Stop => t!(locale, operation.stop, name = name),
        OperationKind::Restart => t!(locale, operation.restart, name = name),
        OperationKind::Delete => t!(locale, operation.delete, name = name),
        OperationKind::PullImage => t!(locale, operation.pull_image, name = name),
        OperationKind::PruneImages => t!(locale, operation.prune_images, name = name),
    }
}
