//! Services of an AWS account of the user instead of local ones: requests of workers are signed with the credentials of a profile.

use std::sync::Arc;

use bedrock_build::settings::DevAccount;
use bedrock_deploy::aws::{ProfileAccount, UnsignedRequest};
use bedrock_dev::{AccountRequest, AccountServices, SignedHead, SigningFuture};
use bedrock_diagnostics::Result;

/// A profile whose credentials AWS has accepted.
pub(super) struct Account {
    setting: DevAccount,
    profile: Arc<ProfileAccount>,
}

impl Account {
    /// Loads the profile and asks AWS for its account.
    pub(super) fn open(setting: &DevAccount) -> Result<Self> {
        Ok(Self { setting: setting.clone(), profile: Arc::new(ProfileAccount::open(&setting.profile)?) })
    }

    pub(super) fn setting(&self) -> &DevAccount {
        &self.setting
    }

    /// Returns which services are in which account.
    pub(super) fn note(&self) -> String {
        let env = &self.profile.env;
        format!(
            "{} in account {}, {}, with the credentials of profile `{}`",
            self.setting.services.join(", "),
            env.account,
            env.region,
            self.setting.profile
        )
    }

    pub(super) fn services(&self) -> AccountServices {
        let profile = Arc::clone(&self.profile);
        let sign = move |request: AccountRequest| -> SigningFuture {
            let profile = Arc::clone(&profile);
            Box::pin(async move { sign(&profile, &request).await })
        };
        AccountServices { services: self.setting.services.clone(), sign: Arc::new(sign) }
    }
}

async fn sign(profile: &ProfileAccount, request: &AccountRequest) -> std::result::Result<SignedHead, String> {
    let unsigned = UnsignedRequest {
        service: &request.service,
        host: &request.host,
        method: &request.method,
        path: &request.path,
        headers: &request.headers,
        body: &request.body,
    };
    let signed = profile.sign(unsigned).await?;
    Ok(SignedHead { url: signed.url, headers: signed.headers })
}
