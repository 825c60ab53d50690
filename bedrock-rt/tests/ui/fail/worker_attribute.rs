#[bedrock::worker]
enum Choice {}

#[bedrock::worker]
fn function() {}

#[bedrock::worker]
struct Generic<T>(T);

#[bedrock::worker(name = "x")]
struct Renamed;

fn main() {}
