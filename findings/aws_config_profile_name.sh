#!/usr/bin/env bash
# guess: a profile that a program names (`profile_name` of aws-config, `profile_name` of a boto3 session) is the one whose
#   credentials are used, also where the environment has `AWS_ACCESS_KEY_ID`
# behaviour: boto3 uses the profile, and fails for one that does not exist. In aws-config the name is only the profile that is read
#   if nothing comes before it: the environment does, so its credentials win without a word, also over a profile that does not
#   exist. A program must set `ProfileFileCredentialsProvider` itself.
# version: aws-config 1.8.13 (crates.io), boto3 1.40.0 (PyPI)
# date: 2026-11-30
# output:
#   boto3       profile `work`: key of the profile
#   boto3       profile `none`: ProfileNotFound
#   aws-config  profile `work`: key of the environment
#   aws-config  profile `none`: key of the environment
#   aws-config  provider of `work`: key of the profile
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf '[work]\naws_access_key_id = profile\naws_secret_access_key = x\n' > credentials
: > config
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "profile"
version = "0.1.0"
edition = "2021"

[dependencies]
aws-config = { version = "=1.8.13", default-features = false, features = ["rt-tokio"] }
aws-credential-types = "1"
aws-smithy-http-client = { version = "1", features = ["rustls-ring"] }
tokio = { version = "1", features = ["macros", "rt"] }
TOML
cat > src/main.rs <<'RUST'
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::BehaviorVersion;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{tls, Builder};

async fn key(provider: impl ProvideCredentials) -> String {
    match provider.provide_credentials().await {
        Ok(credentials) => format!("key of the {}", credentials.access_key_id()),
        Err(error) => format!("{error}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for name in ["work", "none"] {
        let client = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client).region("eu-west-1");
        let config = loader.profile_name(name).load().await;
        println!("aws-config  profile `{name}`: {}", key(config.credentials_provider().unwrap()).await);
    }
    let client = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
    let of_provider = ProviderConfig::without_region().with_http_client(client);
    let provider = ProfileFileCredentialsProvider::builder().configure(&of_provider).profile_name("work").build();
    println!("aws-config  provider of `work`: {}", key(provider).await);
}
RUST
cat > session.py <<'PY'
import boto3

for name in ("work", "none"):
    try:
        key = boto3.Session(profile_name=name).get_credentials().access_key
        print(f"boto3       profile `{name}`: key of the {key}")
    except Exception as error:
        print(f"boto3       profile `{name}`: {type(error).__name__}")
PY
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check boto3==1.40.0
cargo build --quiet
export AWS_ACCESS_KEY_ID=environment AWS_SECRET_ACCESS_KEY=x AWS_SHARED_CREDENTIALS_FILE="$folder/credentials"
export AWS_CONFIG_FILE="$folder/config"
{ venv/bin/python session.py; target/debug/profile; } | tee seen
diff seen - <<'SEEN'
boto3       profile `work`: key of the profile
boto3       profile `none`: ProfileNotFound
aws-config  profile `work`: key of the environment
aws-config  profile `none`: key of the environment
aws-config  provider of `work`: key of the profile
SEEN
