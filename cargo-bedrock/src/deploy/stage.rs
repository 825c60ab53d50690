//! The name of a stage, and what is called after it: functions, roles, log groups, layers. The rules are those of the
//! app's `terraform/manifest`, so that each of the two tools sees what the other one made.

use std::collections::BTreeMap;

use bedrock_build::{App, FunctionName, WorkerName};

use crate::aws::Place;
use crate::pack::Digest;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// What the endpoint goes by where workers have their names.
pub(crate) const ENDPOINT: &str = "endpoint";
/// Who made it, beside `bedrock:app` and `bedrock:stage`.
pub(crate) const OWNER_TAG: &str = "bedrock:owner";
/// What we write there.
pub(crate) const OWNER: &str = "cargo-bedrock";
/// Characters that IAM allows for the name of a role.
const ROLE_NAME: usize = 64;

/// A named copy of the deployed app: `dev`, `prod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage(String);

impl Stage {
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split(['-', '_']).all(is_word) {
            return Ok(Self(name.to_owned()));
        }
        Err(Error::call(format!("`{}` cannot name a stage", name.escape_debug()))
            .help("use lower-case letters, digits, `_` and `-`, beginning with a letter: `--stage dev`"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An app's stage in an account and region: everything that is called after it.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) app: String,
    pub(crate) stage: Stage,
    pub(crate) place: Place,
}

impl Site {
    /// Refused if the name of a function would be too long.
    pub(crate) fn of(app: &App, stage: Stage, place: Place) -> Result<Self> {
        let endpoint = FunctionName::of_endpoint(&app.name, stage.as_str());
        let worker = |name: &WorkerName| FunctionName::of_worker(&app.name, stage.as_str(), name);
        let names = app.workers.iter().map(|each| worker(&each.name)).chain([endpoint]);
        let problems: Vec<_> = names.filter_map(std::result::Result::err).collect();
        if problems.is_empty() {
            Ok(Self { app: app.name.to_string(), stage, place })
        } else {
            Err(Error::problems(ExitKind::Call, problems))
        }
    }

    /// What the names of its functions begin with.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-{}-", self.app, self.stage.as_str())
    }

    /// The function of a worker, or of [`ENDPOINT`].
    pub(crate) fn function(&self, key: &str) -> String {
        self.prefix() + key
    }

    /// The worker that a function is; none if it is no function of this stage. Worker names have no `-`, so that
    /// `app-dev-x-worker` is one of the stage `dev-x`.
    pub(crate) fn key<'a>(&self, function: &'a str) -> Option<&'a str> {
        function.strip_prefix(&self.prefix()).filter(|key| !key.is_empty() && !key.contains('-'))
    }

    pub(crate) fn arn(&self, key: &str) -> String {
        let Place { partition, region, account } = &self.place;
        format!("arn:{partition}:lambda:{region}:{account}:function:{}", self.function(key))
    }

    /// Roles are the account's and functions the region's: the same stage in two regions needs two names.
    pub(crate) fn role(&self, key: &str) -> String {
        let long = format!("{}-{}", self.function(key), self.place.region);
        if long.len() <= ROLE_NAME {
            return long;
        }
        let digest = Digest::of(long.as_bytes()).to_string();
        format!("{}-{}", long.get(..55).unwrap_or_default(), digest.get(..8).unwrap_or_default())
    }

    pub(crate) fn role_arn(&self, key: &str) -> String {
        format!("arn:{}:iam::{}:role/{}", self.place.partition, self.place.account, self.role(key))
    }

    /// Where our managed policies of this stage are, and nothing else.
    pub(crate) fn policy_path(&self) -> String {
        format!("/bedrock/{}-{}-{}/", self.app, self.stage.as_str(), self.place.region)
    }

    pub(crate) fn log_group(&self, key: &str) -> String {
        format!("/aws/lambda/{}", self.function(key))
    }

    /// The bucket for zips that are too large to be sent directly, one for all apps of an account and region.
    pub(crate) fn bucket(&self) -> String {
        format!("cargo-bedrock-{}-{}", self.place.account, self.place.region)
    }

    /// What says whose a thing is.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("bedrock:app".to_owned(), self.app.clone()),
            ("bedrock:stage".to_owned(), self.stage.as_str().to_owned()),
            (OWNER_TAG.to_owned(), OWNER.to_owned()),
        ])
    }

    /// ``stage `dev` of app `shop` ``
    pub(crate) fn shown(&self) -> String {
        format!("stage `{}` of app `{}`", self.stage.as_str(), self.app)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_one_word_or_several() {
        for good in ["dev", "prod2", "feature-x", "a_b-c1"] {
            assert!(Stage::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Dev", "2dev", "-dev", "dev-", "a--b", "a b", "dév", "a.b"] {
            assert!(Stage::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn functions_of_other_stages_are_not_ours() {
        let site = super::super::example::site();
        assert_eq!(site.key("shop-dev-counter"), Some("counter"));
        for other in ["shop-dev-", "shop-dev-x-counter", "shop-prod-counter", "shop-devcounter", "counter"] {
            assert_eq!(site.key(other), None, "{other}");
        }
    }

    #[test]
    fn the_name_of_a_role_fits_into_64_characters() {
        let site = super::super::example::site();
        assert_eq!(site.role("counter"), "shop-dev-counter-eu-west-1");
        // As terraform/manifest has it: 55 characters, and 8 of a digest of the whole.
        let long = site.role("a_worker_whose_name_is_so_long_that_it_barely_fits");
        assert_eq!((long.len(), &long[..56]), (64, "shop-dev-a_worker_whose_name_is_so_long_that_it_barely_-"));
    }
}
