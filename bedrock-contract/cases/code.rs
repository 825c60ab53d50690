//! The types of the table as Rust writes them. Each module is a case: its type `Subject` is the event and the response.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::box_collection,
    clippy::ref_option,
    reason = "the cases are types of users"
)]

pub mod numbers {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Subject {
        pub byte: u8,
        pub small: i16,
        pub word: u32,
        #[contract(safe_int)]
        pub large: i64,
        #[contract(safe_int)]
        pub count: Vec<usize>,
        pub ratio: f64,
        pub is_on: bool,
        pub nothing: (),
    }
}

pub mod containers {
    use serde::{Deserialize, Serialize};
    use std::collections::{BTreeMap, BTreeSet, HashMap};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Subject {
        pub list: Vec<f64>,
        pub set: BTreeSet<String>,
        pub map: HashMap<String, bool>,
        pub nested: BTreeMap<String, Vec<Option<u8>>>,
        pub any: serde_json::Value,
        pub boxed: Box<String>,
        pub full: std::collections::VecDeque<String>,
    }
}

pub mod options {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Subject {
        pub nullable: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub absent: Option<u8>,
        #[serde(default)]
        pub with_default: u8,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub list: Vec<u16>,
        #[serde(skip)]
        pub hidden: u8,
        #[serde(default, skip_serializing)]
        pub secret: String,
    }
}

pub mod default_of_all_fields {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(Default, schemars::JsonSchema, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Subject {
        pub width: u32,
        pub name: String,
    }
}

pub mod names {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Subject {
        pub page_size: u8,
        #[serde(rename = "content-type", alias = "kind")]
        pub content_type: String,
        pub r#type: String,
        pub mode: Mode,
    }

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum Mode {
        FillAll,
        #[serde(rename = "fit")]
        Shrink,
    }
}

pub mod aliases {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Subject {
        pub id: Id,
        pub all: Option<Ids>,
    }

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Id(#[contract(format = "uuid")] String);

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    #[serde(transparent)]
    pub struct Ids {
        pub list: Vec<Id>,
    }
}

pub mod formats {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Subject {
        #[contract(format = "date-time")]
        pub at: String,
        #[contract(format = "date")]
        pub days: Vec<Option<String>>,
        #[contract(format = "decimal")]
        pub price: Price,
        #[contract(format = "base64")]
        #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
        #[schemars(with = "String")]
        pub data: Vec<u8>,
        #[contract(as = "Option<u16>")]
        #[serde(with = "seconds")]
        #[schemars(with = "Option<u16>")]
        pub wait: Option<std::time::Duration>,
    }

    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Price(String);

    fn write_bytes<S: serde::Serializer>(_: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }

    fn read_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }

    mod seconds {
        use serde::{Deserialize, Serialize};
        use std::time::Duration;

        pub(super) fn serialize<S: serde::Serializer>(
            wait: &Option<Duration>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            wait.map(|wait| wait.as_secs()).serialize(serializer)
        }

        pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Duration>, D::Error> {
            Ok(Option::<u16>::deserialize(deserializer)?.map(|seconds| Duration::from_secs(seconds.into())))
        }
    }
}

pub mod recursion {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Subject {
        pub children: Vec<Subject>,
        pub next: Option<Box<Subject>>,
    }
}

pub mod tagged_union {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
    pub enum Subject {
        HalfCircle { outer_radius: f64 },
        Square(Square),
        Nothing,
    }

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    pub struct Square {
        pub side: f64,
        pub note: Option<String>,
    }
}

pub mod adjacent_union {
    use serde::{Deserialize, Serialize};

    #[bedrock::contract]
    #[derive(schemars::JsonSchema, Serialize, Deserialize)]
    #[serde(tag = "type", content = "value")]
    pub enum Subject {
        Text(String),
        Numbers(Vec<u16>),
        Clear,
    }
}
