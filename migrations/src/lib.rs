//! The sea-orm migrations.
