use bedrock::invoke;

const WORKER: &str = "system_fetcher";

async fn calls(name: &str) -> Result<(), bedrock::Error> {
    invoke!(name, ()).await?;
    invoke!(WORKER, ()).await?;
    invoke!(format!("system_{}", "fetcher"), ()).await
}

fn main() {}
