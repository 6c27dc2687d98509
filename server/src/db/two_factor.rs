//! The second factors of accounts: one secret each. Codes are asked for once [`user::set_two_factor`] says so.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use ulid::Ulid;

use super::{Error, pending_code, recovery_code, user};

/// A second factor as it is kept.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "two_factors")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    /// The secret that the owner's app also has, in Base32.
    pub secret: String,
    /// The step whose code was used last: it and those before are not taken again.
    pub last_step: i64,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// No relation is queried through the entity.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The secret of an account, whether codes are asked for already or not.
pub async fn secret(connection: &impl ConnectionTrait, user: Ulid) -> Result<Option<String>, Error> {
    Ok(Entity::find_by_id(user.to_string()).one(connection).await?.map(|model| model.secret))
}

/// Gives an account a secret; one given before stops working.
pub async fn put(connection: &impl ConnectionTrait, user: Ulid, secret: &str) -> Result<(), Error> {
    let model = ActiveModel { user_id: Set(user.to_string()), secret: Set(secret.to_owned()), last_step: Set(0) };
    let conflict = OnConflict::column(Column::UserId).update_columns([Column::Secret, Column::LastStep]).to_owned();
    Entity::insert(model).on_conflict(conflict).exec_without_returning(connection).await?;
    Ok(())
}

/// Uses the code of a step up; whether it and every later one were unused, with this secret.
pub async fn advance(connection: &impl ConnectionTrait, user: Ulid, secret: &str, step: u64) -> Result<bool, Error> {
    let step = i64::try_from(step).map_err(|_| Error::Other(format!("no step {step}")))?;
    let query = Entity::update_many()
        .col_expr(Column::LastStep, Expr::value(step))
        .filter(Column::UserId.eq(user.to_string()))
        .filter(Column::Secret.eq(secret))
        .filter(Column::LastStep.lt(step));
    Ok(query.exec(connection).await?.rows_affected > 0)
}

/// Removes an account's second factor with all that belongs to it.
pub async fn remove(connection: &impl ConnectionTrait, user: Ulid) -> Result<(), Error> {
    user::set_two_factor(connection, user, None).await?;
    recovery_code::replace(connection, user, Vec::new()).await?;
    pending_code::delete_of_user(connection, user).await?;
    Entity::delete_by_id(user.to_string()).exec(connection).await?;
    Ok(())
}
