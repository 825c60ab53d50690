fn main() -> std::process::ExitCode {
    bedrock::run::<echo_rust::EchoRust>()
}
