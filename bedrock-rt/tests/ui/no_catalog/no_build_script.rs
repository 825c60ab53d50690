async fn calls() -> Result<(), bedrock::Error> {
    bedrock::invoke!("system_fetcher", ()).await
}

#[bedrock::main]
async fn main() {}
