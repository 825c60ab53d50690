//! The app of the specification: an endpoint in Rust, workers in Rust, Python and JavaScript that call one another.

mod endpoints;
mod space_info;
mod tour;

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    // The web site that the workers fetch from. The specification's is on the internet; this one is here, and nothing for
    // a deployed app.
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        space_info::start().await?;
        tour::start();
    }
    bedrock::serve(endpoints::router()).await
}
