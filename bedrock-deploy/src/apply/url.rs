//! Creates the function URL of the endpoint, and sets who may call it, from which pages, and whether it streams. The URL
//! belongs to the alias, so that it switches to new code and new settings at the same time.

use aws_sdk_lambda::types::FunctionUrlAuthType;

use super::context::{FunctionContext, StepResult};
use crate::aws::{Idempotency, call, optional};
use crate::cors::Cors;
use crate::desired::{DesiredFunction, UrlAuth};
use crate::permissions;
use crate::stage::ALIAS;
use crate::step::UrlStatement;

pub(super) async fn create(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let request = || {
        let url = context.aws.lambda.create_function_url_config().function_name(context.name).qualifier(ALIAS);
        let url = url.auth_type(auth_type(desired)).set_cors(desired.cors.as_ref().map(Cors::to_request));
        url.set_invoke_mode(desired.streams.then(|| desired.invoke_mode())).send()
    };
    match call(Idempotency::NotIdempotent, request).await {
        Err(error) if error.already_exists() => {
            set_auth(context, desired).await?;
            if desired.cors.is_some() {
                set_cors(context, desired).await?;
            }
            if desired.streams { set_invoke_mode(context, desired).await } else { Ok(()) }
        }
        created => Ok(created.map(drop)?),
    }
}

pub(super) async fn set_auth(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let request = || {
        let url = context.aws.lambda.update_function_url_config().function_name(context.name).qualifier(ALIAS);
        url.auth_type(auth_type(desired)).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

/// Sets whether the URL streams responses.
pub(super) async fn set_invoke_mode(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let request = || {
        let url = context.aws.lambda.update_function_url_config().function_name(context.name).qualifier(ALIAS);
        url.invoke_mode(desired.invoke_mode()).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

/// Replaces the CORS configuration. Without one in the settings, no page of another origin may call the URL.
pub(super) async fn set_cors(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let cors = desired.cors.clone().unwrap_or_default();
    let request = || {
        let url = context.aws.lambda.update_function_url_config().function_name(context.name).qualifier(ALIAS);
        url.cors(cors.to_request()).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(super) async fn delete(context: &FunctionContext<'_>) -> StepResult {
    let request = || {
        let url = context.aws.lambda.delete_function_url_config().function_name(context.name).qualifier(ALIAS);
        url.send()
    };
    optional(call(Idempotency::Idempotent, request).await)?;
    Ok(())
}

/// Adds a statement for everyone. Its condition limits it to calls through the URL.
pub(super) async fn add_statement(context: &FunctionContext<'_>, statement: UrlStatement) -> StepResult {
    let permission = context.aws.lambda.add_permission().qualifier(ALIAS);
    let permission = permission.statement_id(statement.id()).principal("*");
    let permission = match statement {
        UrlStatement::InvokeUrl => {
            permission.action("lambda:InvokeFunctionUrl").function_url_auth_type(FunctionUrlAuthType::None)
        }
        UrlStatement::InvokeViaUrl => permission.action("lambda:InvokeFunction").invoked_via_function_url(true),
    };
    Ok(permissions::add_statement(context.aws, context.name, &permission).await?)
}

pub(super) async fn remove_statement(context: &FunctionContext<'_>, statement: UrlStatement) -> StepResult {
    let permission = context.aws.lambda.remove_permission().qualifier(ALIAS).statement_id(statement.id());
    Ok(permissions::remove_statement(context.aws, context.name, &permission).await?)
}

fn auth_type(desired: &DesiredFunction) -> FunctionUrlAuthType {
    match desired.url {
        Some(UrlAuth::Public) => FunctionUrlAuthType::None,
        _ => FunctionUrlAuthType::AwsIam,
    }
}
