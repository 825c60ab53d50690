//! Tests of the conversion from classes to routes. They need no Python.

use std::collections::BTreeMap;

use super::{EndpointPorts, axum_path, item_path, plan_ports, snake_case};
use crate::migrate::endpoints::{EndpointClass, EndpointMethod};

fn class(name: &str, resource: Option<&str>, methods: &[(&'static str, bool)]) -> EndpointClass {
    let method = |(verb, is_single): &(&'static str, bool)| EndpointMethod {
        name: format!("{verb}_{}", if *is_single { "single" } else { "global" }),
        verb,
        is_single: *is_single,
        line: 3,
        invokes: vec!["mailer".to_owned(), "arn:aws:lambda:x".to_owned()],
    };
    EndpointClass {
        name: name.to_owned(),
        line: 2,
        resource: resource.map(str::to_owned),
        parameter: None,
        methods: methods.iter().map(method).collect(),
        other_methods: Vec::new(),
    }
}

fn plan(files: &[(&str, Vec<EndpointClass>)]) -> EndpointPorts {
    let files: BTreeMap<_, _> = files.iter().map(|(path, classes)| ((*path).to_owned(), classes.clone())).collect();
    plan_ports(&files, "app/endpoints")
}

fn routes(ports: &EndpointPorts) -> Vec<String> {
    let line = |module: &str, path: &str, methods: &[(&str, String)]| {
        let methods: Vec<_> = methods.iter().map(|(verb, name)| format!("{verb}={name}")).collect();
        format!("{module} {path} {}", methods.join(" "))
    };
    let all = ports.ports.iter().flat_map(|port| port.routes.iter().map(move |route| (port, route)));
    all.map(|(port, route)| line(port.module.as_str(), &route.path, &route.methods)).collect()
}

#[test]
fn methods_of_one_class_are_grouped_by_path() {
    let systems = class("SystemsEndpoint", Some("//systems/"), &[("get", false), ("get", true), ("post", false)]);
    let planned = plan(&[("app/endpoints/systems.py", vec![systems])]);
    assert_eq!(
        routes(&planned),
        ["systems /systems get=get_global post=post_global", "systems /systems/{id} get=get_single"]
    );
    assert_eq!(planned.manual_steps, [""; 0]);
    let handlers = &planned.ports[0].handlers;
    assert_eq!((&handlers[1].parameters[..], handlers[1].has_body), (&["id".to_owned()][..], false));
    assert!(handlers[2].has_body);
    assert_eq!(handlers[0].invokes, ["mailer"]);
}

#[test]
fn duplicate_route_is_skipped_and_spelled_like_the_first() {
    let one = class("A", Some("/a/{x}"), &[("get", false)]);
    let two = class("B", Some("/a"), &[("get", true), ("put", true)]);
    let planned = plan(&[("app/endpoints/a.py", vec![one, two])]);
    assert_eq!(routes(&planned), ["a /a/{x} get=a_get_global put=b_put_single"]);
    assert_eq!(
        planned.manual_steps,
        ["`app/endpoints/a.py:3`: `B.get_single` has no skeleton, another method responds to `GET /a/{id}`"]
    );
    assert_eq!(planned.ports[0].handlers[1].parameters, ["x"]);
}

#[test]
fn module_names_are_valid_and_unique() {
    let get = |name| vec![class(name, Some(name), &[("get", false)])];
    let planned = plan(&[
        ("app/endpoints/__init__.py", get("RootEndpoint")),
        ("app/endpoints/a/Big-Systems.py", get("B")),
        ("app/endpoints/axum.py", get("C")),
        ("app/endpoints/b/big_systems.py", get("D")),
        ("app/endpoints/type.py", get("Kind")),
        ("app/endpoints/été.py", get("É")),
        ("app/endpoints/b/kind.py", get("E")),
    ]);
    let modules: Vec<_> = planned.ports.iter().map(|port| (port.module.as_str(), port.source.as_str())).collect();
    assert_eq!(
        modules,
        [
            ("b_big_systems", "app/endpoints/b/big_systems.py"),
            ("b_kind", "app/endpoints/b/kind.py"),
            ("big_systems", "app/endpoints/a/Big-Systems.py"),
            ("c", "app/endpoints/axum.py"),
            ("kind", "app/endpoints/type.py"),
            ("root", "app/endpoints/__init__.py"),
            ("t", "app/endpoints/été.py"),
        ]
    );
}

#[test]
fn unknown_paths_and_methods_are_reported() {
    let unknown = class("A", None, &[("get", false)]);
    let mut empty = class("B", Some("b"), &[]);
    empty.other_methods.push(("list_all".to_owned(), 9));
    let planned = plan(&[("app/endpoints/a.py", vec![unknown]), ("app/endpoints/b.py", vec![empty])]);
    assert_eq!(routes(&planned), ["a /a get=get_global"]);
    assert_eq!(
        planned.manual_steps,
        [
            "`app/endpoints/a.py:2`: the path of `A` is computed, check `/a`",
            "`app/endpoints/b.py:9`: `B.list_all` has no skeleton, its name is not an HTTP method",
        ]
    );
}

#[test]
fn paths_are_converted_to_axum_syntax() {
    for (written, expected) in [
        ("systems", Some("/systems")),
        ("/v1//systems/", Some("/v1/systems")),
        ("/a/{systemId}/b", Some("/a/{system_id}/b")),
        ("/files/{proxy+}", Some("/files/{*proxy}")),
        ("/{proxy+}/more", None),
        ("/{a}/{a}", None),
        ("/{}", None),
        ("/a:b", None),
        ("/{a}.json", None),
        ("/", Some("/")),
    ] {
        assert_eq!(axum_path(written).as_deref(), expected, "{written}");
    }
    assert_eq!(item_path("/a/{id}", None), "/a/{id}/{id_2}");
    assert_eq!(item_path("/", Some("systemId")), "/{system_id}");
}

#[test]
fn names_are_converted_to_snake_case() {
    for (name, expected) in [
        ("SystemsEndpoint", "systems_endpoint"),
        ("big-systems", "big_systems"),
        ("HTTP2Server", "http2_server"),
        ("a__b_", "a_b"),
    ] {
        assert_eq!(snake_case(name), expected);
    }
}
