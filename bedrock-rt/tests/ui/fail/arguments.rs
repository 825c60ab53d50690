use bedrock::invoke;

async fn calls(wait: bool) -> Result<(), bedrock::Error> {
    invoke!().await?;
    invoke!("system_fetcher").await?;
    invoke!("system_fetcher", (), true).await?;
    invoke!("system_fetcher", (), require_respons = true).await?;
    invoke!("system_fetcher", (), require_response = wait).await?;
    invoke!("system_fetcher", (), require_response = true, 3).await
}

fn main() {}
