use bedrock::invoke;

async fn calls() -> Result<(), bedrock::Error> {
    invoke!("sytem_fetcher", ()).await?;
    invoke!("captioner", ()).await
}

fn main() {}
