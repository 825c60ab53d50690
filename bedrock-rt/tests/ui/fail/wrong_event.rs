use bedrock::invoke;
use greeter::Greeter;

async fn calls() -> Result<(), bedrock::Error> {
    invoke!(Greeter, "Ada").await?;
    invoke!("greeter", 7).await
}

fn main() {}
