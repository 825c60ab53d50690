use bedrock::invoke;

struct Stranger;

async fn calls() -> Result<(), bedrock::Error> {
    invoke!(Stranger, ()).await
}

fn main() {}
