//! An endpoint in Rust, and workers in Rust, Python and JavaScript that call each other.

mod endpoints;
mod space_info;
mod tour;

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    // The website that the workers fetch from runs in this process, so that the example needs no internet access. A
    // deployed app would fetch from a real website.
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        space_info::start().await?;
        tour::start();
    }
    bedrock::serve(endpoints::router()).await
}
