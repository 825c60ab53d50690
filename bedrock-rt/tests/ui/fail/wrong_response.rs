use bedrock::invoke;
use greeter::{GreetRequest, Greeter};

async fn calls(name: String) -> Result<(), bedrock::Error> {
    let _: u32 = invoke!(Greeter, GreetRequest { name: name.clone() }, require_response = true).await?;
    let _: String = invoke!("greeter", GreetRequest { name }, require_response = true).await?;
    Ok(())
}

fn main() {}
