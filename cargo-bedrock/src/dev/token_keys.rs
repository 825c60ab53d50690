//! The keys with which tokens of the endpoint's HTTP API are checked: without them every token is refused.

use std::path::Path;

use bedrock_build::App;
use bedrock_build::settings::JwtAuthorizer;

use crate::ui::Printer;

/// Prints a warning if the app's routes need tokens, and the keys of their issuer are not there.
pub(super) fn warn_if_missing(app: &App, print: Printer) {
    let jwt = app.settings.endpoint.http_api.as_ref().and_then(|api| api.jwt.as_ref());
    if let Some(warning) = jwt.and_then(|jwt| missing_keys(&app.root, jwt)) {
        print.warning(&warning);
    }
}

fn missing_keys(app_root: &Path, jwt: &JwtAuthorizer) -> Option<String> {
    let JwtAuthorizer { issuer, jwks, .. } = jwt;
    let cause = match jwks {
        Some(file) if app_root.join(file).is_file() => return None,
        Some(file) => format!("the file `{file}` of `http-api.jwt.jwks` does not exist"),
        None => "`http-api.jwt` has no `jwks = \"FILE\"`".to_owned(),
    };
    Some(format!(
        "routes with a JWT authorizer answer 401 to every token, because {cause}; `dev` reads the keys of {issuer} from \
         that file, in which its JSON Web Key Set belongs"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_there_are_named() {
        let app = tempfile::tempdir().expect("a folder");
        let mut jwt = JwtAuthorizer {
            issuer: "https://login.example".to_owned(),
            audience: vec!["shop".to_owned()],
            identity_source: "$request.header.Authorization".to_owned(),
            jwks: None,
        };
        let warning = |jwt: &JwtAuthorizer| missing_keys(app.path(), jwt);
        assert!(
            warning(&jwt).is_some_and(|text| text.contains("401 to every token, because `http-api.jwt` has no `jwks"))
        );
        jwt.jwks = Some("jwks.json".to_owned());
        assert!(
            warning(&jwt).is_some_and(|text| text.contains("the file `jwks.json` of `http-api.jwt.jwks` does not"))
        );
        std::fs::write(app.path().join("jwks.json"), "{}").expect("a file");
        assert_eq!(warning(&jwt), None);
    }
}
