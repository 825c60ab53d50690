bedrock::workers!(resizer);

fn main() {}
