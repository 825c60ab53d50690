//! Finds the route of a request: a full match before a greedy one, `$default` last (API Gateway developer guide, "Routing API
//! requests").

use std::collections::BTreeMap;

use bedrock_build::settings::HttpRoute;
use percent_encoding::percent_decode_str;

/// The key of the route that catches what no other route matches.
const DEFAULT_ROUTE: &str = "$default";

/// Returns the route of a request and its path parameters. `None` if no route matches.
pub(super) fn find_route<'a>(
    routes: &'a [HttpRoute],
    method: &str,
    path: &str,
) -> Option<(&'a HttpRoute, BTreeMap<String, String>)> {
    let matching = routes.iter().filter_map(|route| {
        let (route_method, pattern) = route.key.split_once(' ')?;
        let is_method = route_method == "ANY" || route_method == method;
        let parameters = path_parameters(pattern, path).filter(|_| is_method)?;
        let parts = || pattern.split('/').filter(|part| !part.is_empty());
        let is_full = !pattern.ends_with("+}");
        let literals = parts().filter(|part| !part.starts_with('{')).count();
        Some(((is_full, literals, route_method != "ANY"), route, parameters))
    });
    let best = matching.max_by_key(|(rank, _, _)| *rank).map(|(_, route, parameters)| (route, parameters));
    best.or_else(|| Some((routes.iter().find(|route| route.key == DEFAULT_ROUTE)?, BTreeMap::new())))
}

/// Returns the parameters of a path that matches a pattern.
fn path_parameters(pattern: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut parameters = BTreeMap::new();
    let mut rest = path.strip_prefix('/')?;
    let mut parts = pattern.strip_prefix('/')?.split('/').peekable();
    while let Some(part) = parts.next() {
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix('+')) {
            parameters.insert(name.to_owned(), decode(rest));
            return (!rest.is_empty()).then_some(parameters);
        }
        let (value, after) = match rest.split_once('/') {
            Some((value, after)) if parts.peek().is_some() => (value, after),
            None if parts.peek().is_none() => (rest, ""),
            _ => return None,
        };
        match name {
            Some(_) if value.is_empty() => return None,
            Some(name) => {
                parameters.insert(name.to_owned(), decode(value));
            }
            None if decode(part) == decode(value) => {}
            None => return None,
        }
        rest = after;
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use bedrock_build::settings::RouteAuth;

    use super::*;

    fn find(keys: &[&str], method: &str, path: &str) -> Option<String> {
        let route = |key: &&str| HttpRoute { key: (*key).to_owned(), auth: RouteAuth::None, scopes: Vec::new() };
        let routes: Vec<HttpRoute> = keys.iter().map(route).collect();
        let (route, parameters) = find_route(&routes, method, path)?;
        let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        Some(format!("{}{}", route.key, parameters.concat()))
    }

    #[test]
    fn most_specific_route_of_a_request_is_found() {
        // The example of AWS: "Routing API requests", with one more method.
        let keys = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"];
        let cases = [
            ("GET", "/pets/dog/1", "GET /pets/dog/1"),
            ("GET", "/pets/dog/2", "GET /pets/dog/{id} id=2"),
            ("GET", "/pets/cat/1", "GET /pets/{proxy+} proxy=cat/1"),
            ("POST", "/test/5", "ANY /{proxy+} proxy=test/5"),
            ("GET", "/", "$default"),
        ];
        for (method, path, expected) in cases {
            assert_eq!(find(&keys, method, path).as_deref(), Some(expected), "{method} {path}");
        }
        assert_eq!(find(&["ANY /a", "GET /a"], "GET", "/a").as_deref(), Some("GET /a"));
        assert_eq!(find(&["GET /a/{b}"], "GET", "/a/x%20y%2Fz").as_deref(), Some("GET /a/{b} b=x y/z"));
        for (method, path) in [("GET", "/a"), ("GET", "/a/"), ("GET", "/a/b/c"), ("PUT", "/a/b"), ("GET", "/")] {
            assert_eq!(find(&["GET /a/{b}"], method, path), None, "{method} {path}");
        }
    }
}
