//! The CORS configuration of a function URL: as the manifest has it, and as Lambda returns it.

use aws_sdk_lambda::types::Cors as LambdaCors;
use serde::Deserialize;

/// Word of the tag that records that deploys manage the configuration.
pub(crate) const CORS: &str = "Cors";

/// The key `cors` of the endpoint in the manifest. The default allows no page of another origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Cors {
    pub(crate) allow_credentials: bool,
    pub(crate) allow_headers: Vec<String>,
    pub(crate) allow_methods: Vec<String>,
    pub(crate) allow_origins: Vec<String>,
    pub(crate) expose_headers: Vec<String>,
    pub(crate) max_age: Option<i32>,
}

impl Cors {
    /// Returns the configuration that Lambda returned.
    pub(crate) fn of(cors: &LambdaCors) -> Self {
        Self {
            allow_credentials: cors.allow_credentials().unwrap_or_default(),
            allow_headers: cors.allow_headers().to_vec(),
            allow_methods: cors.allow_methods().to_vec(),
            allow_origins: cors.allow_origins().to_vec(),
            expose_headers: cors.expose_headers().to_vec(),
            max_age: cors.max_age(),
        }
    }

    /// Returns the configuration for a request. Lists that are empty are left out, because an update replaces everything.
    pub(crate) fn to_request(&self) -> LambdaCors {
        let list = |words: &[String]| (!words.is_empty()).then(|| words.to_vec());
        let Self { allow_credentials, max_age, .. } = self;
        LambdaCors::builder()
            .set_allow_credentials(allow_credentials.then_some(true))
            .set_allow_headers(list(&self.allow_headers))
            .set_allow_methods(list(&self.allow_methods))
            .set_allow_origins(list(&self.allow_origins))
            .set_expose_headers(list(&self.expose_headers))
            .set_max_age(*max_age)
            .build()
    }

    /// Returns whether both mean the same to Lambda: lists have no order, and names of headers no case.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.normalized() == other.normalized()
    }

    fn normalized(&self) -> Self {
        let sorted = |words: &[String], is_name: bool| {
            let mut words: Vec<String> =
                words.iter().map(|word| if is_name { word.to_ascii_lowercase() } else { word.clone() }).collect();
            words.sort();
            words
        };
        Self {
            allow_credentials: self.allow_credentials,
            allow_headers: sorted(&self.allow_headers, true),
            allow_methods: sorted(&self.allow_methods, false),
            allow_origins: sorted(&self.allow_origins, false),
            expose_headers: sorted(&self.expose_headers, true),
            max_age: Some(self.max_age.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(text: &str) -> Cors {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn configuration_survives_request_and_response() {
        let given = cors(
            r#"{ "allow_credentials": true, "allow_headers": ["X-A", "b"], "allow_methods": ["GET", "PUT"], "allow_origins": ["https://b", "https://a"], "expose_headers": [], "max_age": null }"#,
        );
        assert_eq!(Cors::of(&given.to_request()), given);
        let returned = cors(
            r#"{ "allow_credentials": true, "allow_headers": ["b", "x-a"], "allow_methods": ["PUT", "GET"], "allow_origins": ["https://a", "https://b"], "expose_headers": [], "max_age": 0 }"#,
        );
        assert!(given.is_same(&returned));
        assert!(!given.is_same(&Cors { max_age: Some(5), ..returned.clone() }));
        assert!(!given.is_same(&Cors { allow_credentials: false, ..returned }));
        assert_eq!(Cors::default().to_request(), LambdaCors::builder().build());
    }
}
