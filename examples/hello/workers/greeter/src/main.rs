fn main() -> std::process::ExitCode {
    bedrock::run::<greeter::Greeter>()
}
