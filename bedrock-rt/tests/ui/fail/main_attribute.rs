#[bedrock::main(threads = 4)]
async fn main() {}

mod not_async {
    #[bedrock::main]
    fn main() {}
}

mod with_arguments {
    #[bedrock::main]
    async fn main(name: String) {}
}
