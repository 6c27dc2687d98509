//! Operations: what was asked for, and how it went.

pub mod detail;
pub mod list;
pub mod timeline;

use api::operation::OperationKind;

use crate::i18n::{Locale, t};

/// What was asked for, in a word.
pub fn kind_word(locale: Locale, kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Deploy => t!(locale, operations.deploy),
        OperationKind::Rollback => t!(locale, operations.rollback),
        OperationKind::Scale => t!(locale, operations.scale),
        OperationKind::Start => t!(locale, operations.start),
        OperationKind::Stop => t!(locale, operations.stop),
        OperationKind::Restart => t!(locale, operations.restart),
        OperationKind::Delete => t!(locale, operations.delete),
        OperationKind::PullImage => t!(locale, operations.pull_image),
        OperationKind::PruneImages => t!(locale, operations.prune_images),
    }
}
