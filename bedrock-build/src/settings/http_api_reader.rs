//! Reads the table `http-api` of the endpoint, and checks API Gateway's limits.

use std::ops::RangeInclusive;

use super::function::{Auth, FunctionSettings};
use super::http_api::{ApiDomain, DEFAULT_ROUTE, HttpApi, HttpRoute, JwtAuthorizer, RouteAuth, Throttling};
use super::placeholder::STAGE_PLACEHOLDER;
use super::reader::{Reader, Value, is_inside_app, set};

const KEYS: &[&str] = &["auth", "domain", "jwt", "routes", "scopes", "throttling"];
const JWT_KEYS: &[&str] = &["audience", "identity-source", "issuer", "jwks"];
const DOMAIN_KEYS: &[&str] = &["certificate", "name"];
const ROUTE_KEYS: &[&str] = &["auth", "route", "scopes"];
const THROTTLING_KEYS: &[&str] = &["burst", "rate"];
/// Methods of a route (API Gateway developer guide, "Create routes for HTTP APIs").
const METHODS: &[&str] = &["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
/// Quotas for HTTP APIs (API Gateway developer guide).
const MAX_ROUTES: usize = 300;
const MAX_SCOPES: usize = 10;
const MAX_AUDIENCES: usize = 50;
/// Where the quotas are.
const QUOTAS: &str = "API Gateway developer guide, \"Quotas for configuring and running an HTTP API\"";
/// Characters of the key of a route and of a domain name (API Gateway V2 API reference, `SelectionKey` and `CreateDomainName`).
const MAX_ROUTE_CHARS: usize = 128;
const MAX_DOMAIN_CHARS: usize = 512;
/// Characters of a scope (API Gateway V2 API reference, `AuthorizationScopes`).
const MAX_SCOPE_CHARS: usize = 64;
/// Requests of API Gateway in an account and region without a higher quota are below this.
const THROTTLING: RangeInclusive<u64> = 0..=1_000_000;
const DEFAULT_IDENTITY_SOURCE: &str = "$request.header.Authorization";
const IDENTITY_SOURCES: [&str; 2] = ["$request.header.", "$request.querystring."];

impl Reader<'_> {
    /// Reads `http-api = true`, `false` or a table. `None` if there is no HTTP API, or if there is a problem.
    pub(super) fn http_api(&mut self, value: &Value<'_>, path: &str) -> Option<HttpApi> {
        if value.get_ref().as_bool() == Some(false) {
            return None;
        }
        let none = toml::de::DeTable::new();
        let table = match value.get_ref().as_table() {
            Some(table) => table,
            None if value.get_ref().as_bool() == Some(true) => &none,
            None => {
                self.wrong_value(value, path, "`true`, `false` or a table, for example `{ routes = [\"$default\"] }`");
                return None;
            }
        };
        let problems = self.problems.len();
        let mut api = HttpApi { routes: Vec::new(), jwt: None, domain: None, throttling: None };
        if let Some(value) = table.get("jwt") {
            api.jwt = self.jwt(value, &format!("{path}.jwt"));
        }
        let mut auth = if table.contains_key("jwt") { RouteAuth::Jwt } else { RouteAuth::None };
        if let Some(value) = table.get("auth") {
            set(&mut auth, self.route_auth(value, &format!("{path}.auth"), table.contains_key("jwt")));
        }
        let mut scopes = Vec::new();
        if let Some(value) = table.get("scopes") {
            scopes = self.scopes(value, &format!("{path}.scopes"), auth);
        }
        let default = HttpRoute { key: DEFAULT_ROUTE.to_owned(), auth, scopes };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "auth" | "jwt" | "scopes" => {}
                "domain" => api.domain = self.domain(value, &full_path),
                "routes" => api.routes = self.routes(value, &full_path, &default, table.contains_key("jwt")),
                "throttling" => api.throttling = self.throttling(value, &full_path),
                _ => self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), KEYS),
            }
        }
        if !table.contains_key("routes") {
            api.routes = vec![default];
        }
        if self.problems.len() > problems {
            return None;
        }
        if let Some(jwt) = table.get("jwt")
            && api.routes.iter().all(|route| route.auth != RouteAuth::Jwt)
        {
            self.not_allowed(jwt, &format!("{path}.jwt"), "be set if no route has `auth = \"jwt\"`");
            return None;
        }
        Some(api)
    }

    /// Checks `http-api` against the other settings of the endpoint.
    pub(super) fn check_http_api(&mut self, value: &Value<'_>, path: &str, settings: &FunctionSettings) {
        if settings.http_api.is_none() || settings.has_url() || settings.auth != Auth::Iam {
            return;
        }
        let value = value.get_ref().as_table().and_then(|table| table.get("auth")).unwrap_or(value);
        let reason = "be \"iam\" for an endpoint with an HTTP API and without URL: it is the authorization of the URL. \
                      Write `auth = \"iam\"` in `http-api`";
        self.not_allowed(value, &format!("{path}.auth"), reason);
    }

    fn route_auth(&mut self, value: &Value<'_>, path: &str, has_jwt: bool) -> Option<RouteAuth> {
        let choices = [("none", RouteAuth::None), ("iam", RouteAuth::Iam), ("jwt", RouteAuth::Jwt)];
        let auth = self.choice(value, path, &choices)?;
        if auth == RouteAuth::Jwt && !has_jwt {
            self.not_allowed(value, path, "be \"jwt\" without `jwt`, which says whose tokens are accepted");
            return None;
        }
        Some(auth)
    }

    fn scopes(&mut self, value: &Value<'_>, path: &str, auth: RouteAuth) -> Vec<String> {
        let expected = format!("a list of at most {MAX_SCOPES} scopes of 1 to {MAX_SCOPE_CHARS} characters ({QUOTAS})");
        let Some(scopes) = self.strings(value, path, &expected) else { return Vec::new() };
        let is_scope = |scope: &String| (1..=MAX_SCOPE_CHARS).contains(&scope.chars().count()) && !scope.contains(' ');
        if scopes.len() > MAX_SCOPES || !scopes.iter().all(is_scope) {
            self.wrong_value(value, path, &expected);
        } else if auth != RouteAuth::Jwt && !scopes.is_empty() {
            self.not_allowed(value, path, "be set without `auth = \"jwt\"`: only tokens have scopes");
        }
        scopes
    }

    fn routes(&mut self, value: &Value<'_>, path: &str, default: &HttpRoute, has_jwt: bool) -> Vec<HttpRoute> {
        let expected = format!("a list of 1 to {MAX_ROUTES} routes like `\"GET /orders/{{id}}\"` ({QUOTAS})");
        let list = value.get_ref().as_array().filter(|list| (1..=MAX_ROUTES).contains(&list.len()));
        let Some(list) = list else {
            self.wrong_value(value, path, &expected);
            return Vec::new();
        };
        let mut routes: Vec<HttpRoute> = Vec::new();
        for (index, value) in list.iter().enumerate() {
            let path = format!("{path}[{index}]");
            let Some(route) = self.route(value, &path, default, has_jwt) else { continue };
            if routes.iter().any(|other| is_same_route(&other.key, &route.key)) {
                self.not_allowed(
                    value,
                    &path,
                    &format!("be `{}` again: another route matches the same requests", route.key),
                );
            }
            routes.push(route);
        }
        routes
    }

    fn route(&mut self, value: &Value<'_>, path: &str, default: &HttpRoute, has_jwt: bool) -> Option<HttpRoute> {
        let mut route = default.clone();
        let Some(table) = value.get_ref().as_table() else {
            route.key = self.route_key(value, path)?;
            return Some(route);
        };
        if let Some(value) = table.get("auth") {
            set(&mut route.auth, self.route_auth(value, &format!("{path}.auth"), has_jwt));
            if route.auth != RouteAuth::Jwt {
                route.scopes.clear();
            }
        }
        if let Some(value) = table.get("scopes") {
            route.scopes = self.scopes(value, &format!("{path}.scopes"), route.auth);
        }
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !ROUTE_KEYS.contains(&name) {
                self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), ROUTE_KEYS);
            }
        }
        let Some(key) = table.get("route") else {
            self.needs(value, path, "`route`, for example `route = \"GET /orders/{id}\"`");
            return None;
        };
        route.key = self.route_key(key, &format!("{path}.route"))?;
        Some(route)
    }

    fn route_key(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let key = value.get_ref().as_str().filter(|key| is_route_key(key)).map(str::to_owned);
        if key.is_none() {
            let methods = METHODS.join(", ");
            let expected = format!(
                "`\"$default\"`, or one of {methods} and a path like `\"GET /orders/{{id}}\"` or `\"ANY \
                 /files/{{path+}}\"`, of at most {MAX_ROUTE_CHARS} characters (API Gateway developer guide, \"Create \
                 routes for HTTP APIs\")"
            );
            self.wrong_value(value, path, &expected);
        }
        key
    }

    fn jwt(&mut self, value: &Value<'_>, path: &str) -> Option<JwtAuthorizer> {
        let table =
            self.table_of(value, path, "{ issuer = \"https://login.example\", audience = [\"shop\"] }", JWT_KEYS)?;
        let mut jwt = JwtAuthorizer {
            issuer: String::new(),
            audience: Vec::new(),
            identity_source: DEFAULT_IDENTITY_SOURCE.to_owned(),
            jwks: None,
        };
        let problems = self.problems.len();
        for (key, value) in &table {
            let path = format!("{path}.{key}");
            match key.as_str() {
                "issuer" => {
                    let expected = "the URL of an issuer of tokens like `\"https://login.example\"`, by which the claim \
                                    `iss` is compared";
                    let issuer = self.string(value, &path, expected);
                    if issuer.as_ref().is_some_and(|issuer| !issuer.starts_with("https://")) {
                        self.wrong_value(value, &path, expected);
                    }
                    set(&mut jwt.issuer, issuer);
                }
                "audience" => {
                    let expected = format!("a list of 1 to {MAX_AUDIENCES} audiences ({QUOTAS})");
                    let audience = self.strings(value, &path, &expected).unwrap_or_default();
                    if !(1..=MAX_AUDIENCES).contains(&audience.len()) || audience.iter().any(String::is_empty) {
                        self.wrong_value(value, &path, &expected);
                    }
                    jwt.audience = audience;
                }
                "jwks" => {
                    let expected = "the path of a file with a JSON Web Key Set, relative to the app";
                    let file = self.string(value, &path, expected);
                    if file.as_deref().is_some_and(|file| !is_inside_app(file)) {
                        self.wrong_value(value, &path, expected);
                    }
                    jwt.jwks = file;
                }
                // `identity-source` is the only key left.
                _ => {
                    let expected = "`\"$request.header.NAME\"` or `\"$request.querystring.NAME\"` (API Gateway V2 API \
                                    reference, `CreateAuthorizer`)";
                    let source = self.string(value, &path, expected);
                    if source.as_deref().is_some_and(|source| !is_identity_source(source)) {
                        self.wrong_value(value, &path, expected);
                    }
                    set(&mut jwt.identity_source, source);
                }
            }
        }
        if self.problems.len() > problems {
            return None;
        }
        if jwt.issuer.is_empty() || jwt.audience.is_empty() {
            self.needs(value, path, "`issuer` and `audience`: without them, tokens for others would be accepted");
            return None;
        }
        Some(jwt)
    }

    fn domain(&mut self, value: &Value<'_>, path: &str) -> Option<ApiDomain> {
        let example = "{ name = \"api.shop.example\", certificate = \"arn:aws:acm:…\" }";
        let table = self.table_of(value, path, example, DOMAIN_KEYS)?;
        let mut certificate = None;
        if let Some((_, value)) = table.iter().find(|(key, _)| key == "certificate") {
            let kind = "certificate in ACM, of the same region";
            certificate = Some(self.arn(value, &format!("{path}.certificate"), "acm", kind)?);
        }
        let Some((_, name)) = table.iter().find(|(key, _)| key == "name") else {
            self.needs(value, path, &format!("`name`, for example `{example}`"));
            return None;
        };
        let expected = format!(
            "a domain name in lower case like `\"api.shop.example\"`, of at most {MAX_DOMAIN_CHARS} characters (API \
             Gateway V2 API reference, `CreateDomainName`)"
        );
        let text = self.string(name, &format!("{path}.name"), &expected)?;
        if !is_domain_name(&text) {
            self.wrong_value(name, &format!("{path}.name"), &expected);
            return None;
        }
        Some(ApiDomain { name: text, certificate })
    }

    fn throttling(&mut self, value: &Value<'_>, path: &str) -> Option<Throttling> {
        let table = self.table_of(value, path, "{ burst = 200, rate = 100 }", THROTTLING_KEYS)?;
        let mut read = |key: &str, unit: &str| {
            let (_, value) = table.iter().find(|(name, _)| name == key)?;
            let source = "API Gateway V2 API reference, `RouteSettings`; the quotas of the account apply as well";
            self.limited_number(value, &format!("{path}.{key}"), unit, &THROTTLING, source)
        };
        let burst = read("burst", "requests");
        let rate = read("rate", "requests per second");
        if table.len() < THROTTLING_KEYS.len() {
            self.not_allowed(value, path, "have only one of `burst` and `rate`: API Gateway would set the other to 0");
        }
        Some(Throttling { burst: burst?, rate: rate? })
    }

    /// Reads a table of which only `keys` are allowed.
    fn table_of<'v, 'd>(
        &mut self,
        value: &'v Value<'d>,
        path: &str,
        example: &str,
        keys: &[&str],
    ) -> Option<Vec<(String, &'v Value<'d>)>> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, &format!("a table, for example `{example}`"));
            return None;
        };
        let problems = self.problems.len();
        for (key, _) in table {
            if !keys.contains(&key.get_ref().as_ref()) {
                self.unknown_key(key.get_ref(), &key.span(), &format!("[package.metadata.bedrock.{path}]"), keys);
            }
        }
        let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), value)).collect();
        (self.problems.len() == problems).then_some(entries)
    }
}

fn is_identity_source(source: &str) -> bool {
    let name = IDENTITY_SOURCES.iter().find_map(|prefix| source.strip_prefix(prefix));
    name.is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}

fn is_domain_name(text: &str) -> bool {
    let text = text.replace(STAGE_PLACEHOLDER, "stage");
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let host = text.strip_prefix("*.").unwrap_or(&text);
    text.len() <= MAX_DOMAIN_CHARS && host.contains('.') && host.split('.').all(is_label)
}

/// Returns whether API Gateway accepts the key: `{name+}` may only be the last part of the path.
fn is_route_key(key: &str) -> bool {
    if key == DEFAULT_ROUTE {
        return true;
    }
    let Some((method, path)) = key.split_once(' ') else { return false };
    let Some(parts) = path.strip_prefix('/') else { return false };
    let parts: Vec<&str> = parts.split('/').collect();
    let is_last = |index: usize| index + 1 == parts.len();
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let is_part = |index: usize, part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => is_name(name.strip_suffix('+').filter(|_| is_last(index)).unwrap_or(name)),
        None => {
            !part.chars().any(|c| c.is_whitespace() || c.is_control() || "{}?#".contains(c))
                && (!part.is_empty() || is_last(index))
        }
    };
    key.chars().count() <= MAX_ROUTE_CHARS
        && METHODS.contains(&method)
        && parts.iter().enumerate().all(|(index, part)| is_part(index, part))
}

/// Returns whether two keys match the same requests: the names of path parameters have no meaning for that.
fn is_same_route(one: &str, other: &str) -> bool {
    let shape = |key: &str| {
        let part = |part: &str| match (part.starts_with('{'), part.ends_with("+}")) {
            (true, true) => "{+}".to_owned(),
            (true, false) => "{}".to_owned(),
            _ => part.to_owned(),
        };
        key.split('/').map(part).collect::<Vec<_>>().join("/")
    };
    shape(one) == shape(other)
}

#[cfg(test)]
mod tests;
