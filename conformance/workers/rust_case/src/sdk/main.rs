fn main() -> std::process::ExitCode {
    bedrock::run::<rust_case::RustCase>()
}
