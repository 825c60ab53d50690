//! The endpoint's URL, which is the alias's: new code and its new settings arrive at it in the same moment.

use aws_sdk_lambda::types::FunctionUrlAuthType;

use super::ALIAS;
use super::chain::{Chain, Stop};
use super::gone::present;
use crate::aws::{Repeat, call};
use crate::deploy::desired::{Function, UrlAuth};
use crate::deploy::plan::Statement;

type Done = Result<(), Stop>;

pub(super) async fn make(chain: &Chain, wanted: &Function) -> Done {
    let request = || {
        let url = chain.aws.lambda.create_function_url_config().function_name(&chain.name).qualifier(ALIAS);
        url.auth_type(auth(wanted)).send()
    };
    match call(Repeat::WhenRefused, request).await {
        Err(failure) if failure.is_there() => set_auth(chain, wanted).await,
        made => Ok(made.map(drop)?),
    }
}

pub(super) async fn set_auth(chain: &Chain, wanted: &Function) -> Done {
    let request = || {
        let url = chain.aws.lambda.update_function_url_config().function_name(&chain.name).qualifier(ALIAS);
        url.auth_type(auth(wanted)).send()
    };
    call(Repeat::Always, request).await?;
    Ok(())
}

/// Without the condition, everybody could call the function past its URL.
pub(super) async fn allow(chain: &Chain, statement: Statement) -> Done {
    let request = || {
        let permission = chain.aws.lambda.add_permission().function_name(&chain.name).qualifier(ALIAS);
        let permission = permission.statement_id(statement.id()).principal("*");
        let permission = match statement {
            Statement::Url => {
                permission.action("lambda:InvokeFunctionUrl").function_url_auth_type(FunctionUrlAuthType::None)
            }
            Statement::FunctionThroughUrl => permission.action("lambda:InvokeFunction").invoked_via_function_url(true),
        };
        permission.send()
    };
    match call(Repeat::WhenRefused, request).await {
        Err(failure) if failure.is_there() => Ok(()),
        added => Ok(added.map(drop)?),
    }
}

pub(super) async fn disallow(chain: &Chain, statement: Statement) -> Done {
    let request = || {
        let permission = chain.aws.lambda.remove_permission().function_name(&chain.name).qualifier(ALIAS);
        permission.statement_id(statement.id()).send()
    };
    present(call(Repeat::Always, request).await)?;
    Ok(())
}

fn auth(wanted: &Function) -> FunctionUrlAuthType {
    match wanted.url {
        Some(UrlAuth::Everybody) => FunctionUrlAuthType::None,
        _ => FunctionUrlAuthType::AwsIam,
    }
}
