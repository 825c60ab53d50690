use bedrock::invoke;

type Alias = greeter::Greeter;

async fn calls(name: String) -> Result<(), bedrock::Error> {
    invoke!(Alias, greeter::GreetRequest { name }).await
}

fn main() {
    let _ = calls(String::new());
}
